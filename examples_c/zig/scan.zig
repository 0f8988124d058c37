//! scan FILE COLUMN LOW HIGH [SQL]: of the rows whose COLUMN, of int64, lies between LOW and HIGH, and for which SQL holds too,
//! prints how many there are, the sum of the column, and what was read to find out.
const std = @import("std");
const pqpush = @import("pqpush");
const Io = std.Io;

/// A file, the way pqpush.zig reads.
const Reader = struct {
    io: Io,
    file: Io.File,

    pub fn read(self: Reader, offset: u64, out: []u8) !void {
        if (try self.file.readPositionalAll(self.io, out, offset) != out.len) return error.UnexpectedEndOfFile;
    }
};

pub fn main(init: std.process.Init) !u8 {
    const arguments = try init.minimal.args.toSlice(init.arena.allocator());
    if (arguments.len < 5 or arguments.len > 6) {
        std.debug.print("usage: scan FILE COLUMN LOW HIGH [SQL]\n", .{});
        return 2;
    }
    var diagnostics: pqpush.Diagnostics = .{};
    run(init.gpa, init.io, arguments, &diagnostics) catch |err| {
        std.debug.print("scan: {t} {s}\n", .{ err, diagnostics.message() });
        return 1;
    };
    return 0;
}

fn run(gpa: std.mem.Allocator, io: Io, arguments: []const [:0]const u8, diagnostics: *pqpush.Diagnostics) !void {
    const file = try Io.Dir.cwd().openFile(io, arguments[1], .{});
    defer file.close(io);
    const length = try file.length(io);
    const reader: Reader = .{ .io = io, .file = file };
    const metadata = try pqpush.Metadata.read(gpa, length, reader, diagnostics);
    defer metadata.deinit();

    const column = arguments[2];
    const low = try std.fmt.parseInt(i64, arguments[3], 10);
    const high = try std.fmt.parseInt(i64, arguments[4], 10);
    const where = try condition(column, low, high, if (arguments.len == 6) arguments[5] else null, diagnostics);
    defer where.deinit();
    var decoder = try pqpush.Decoder.init(gpa, metadata, .{ .columns = &.{column}, .where = where }, diagnostics);
    defer decoder.deinit();

    var rows: u64 = 0;
    var sum: i64 = 0;
    while (try decoder.next(gpa, reader, diagnostics)) |next| {
        var batch = next;
        defer batch.deinit();
        for (try batch.column(0).values(i64)) |value| sum +%= value; // none is null: see `where`
        rows += batch.rowCount();
    }
    var buffer: [256]u8 = undefined;
    var out = Io.File.stdout().writer(io, &buffer);
    try out.interface.print("{d} of {d} rows, sum {d}\n", .{ rows, metadata.rowCount(), sum });
    try out.interface.print("{d} of {d} bytes read\n", .{ (try decoder.metrics()).bytes_requested, length });
    try out.interface.flush();
}

fn condition(column: []const u8, low: i64, high: i64, sql: ?[]const u8, diagnostics: *pqpush.Diagnostics) !pqpush.Predicate {
    const Predicate = pqpush.Predicate;
    var parts: [3]Predicate = undefined;
    var count: usize = 0;
    {
        errdefer for (parts[0..count]) |part| part.deinit();
        parts[0] = try Predicate.compare(column, .ge, low, diagnostics);
        count = 1;
        parts[1] = try Predicate.compare(column, .le, high, diagnostics);
        count = 2;
        if (sql) |text| {
            parts[2] = try Predicate.sql(text, diagnostics);
            count = 3;
        }
    }
    return Predicate.all(parts[0..count], diagnostics); // which takes them over
}
