//! table.parquet has the ids 0 to 999 in order, in row groups of 400, 400 and 200 rows; what else is in it
//! c_tests/make_fixtures.rs says. The tests look for the files in target/c-fixtures.
const std = @import("std");
const pqpush = @import("pqpush");
const Predicate = pqpush.Predicate;
const testing = std.testing;
const gpa = testing.allocator; // finds what is not freed

/// A file in memory.
const Reader = struct {
    data: []u8,

    fn open(name: []const u8) !Reader {
        const path = try std.fmt.allocPrint(gpa, "../../target/c-fixtures/{s}", .{name});
        defer gpa.free(path);
        return .{ .data = try std.Io.Dir.cwd().readFileAlloc(testing.io, path, gpa, .unlimited) };
    }

    fn close(self: Reader) void {
        gpa.free(self.data);
    }

    pub fn read(self: Reader, offset: u64, out: []u8) !void {
        if (offset + out.len > self.data.len) return error.UnexpectedEndOfFile;
        @memcpy(out, self.data[@intCast(offset)..][0..out.len]);
    }
};

fn readIds(decoder: *pqpush.Decoder, reader: Reader, ids: []i64) ![]i64 {
    var rows: usize = 0;
    while (try decoder.next(gpa, reader, null)) |next| {
        var batch = next;
        defer batch.deinit();
        const values = try batch.column(0).values(i64);
        @memcpy(ids[rows..][0..values.len], values);
        rows += values.len;
    }
    return ids[0..rows];
}

/// The ids of the rows that are kept; the predicate is freed.
fn expectKept(expected: []const i64, where: Predicate) !void {
    defer where.deinit();
    const reader = try Reader.open("table.parquet");
    defer reader.close();
    const metadata = try pqpush.Metadata.read(gpa, reader.data.len, reader, null);
    defer metadata.deinit();
    var decoder = try pqpush.Decoder.init(gpa, metadata, .{ .columns = &.{"id"}, .where = where }, null);
    defer decoder.deinit();
    var ids: [1000]i64 = undefined;
    try testing.expectEqualSlices(i64, expected, try readIds(&decoder, reader, &ids));
}

test "the header and the library are of one release" {
    try testing.expectEqualStrings(pqpush.c.PQPUSH_VERSION_STRING, std.mem.span(pqpush.c.pqpush_version_string()));
    try testing.expectEqual(@as(u32, pqpush.c.PQPUSH_VERSION_NUMBER), pqpush.c.pqpush_version_number());
    try testing.expectEqual(168, @sizeOf(pqpush.c.pqpush_scan_options));
}

test "a file is read batch by batch" {
    const reader = try Reader.open("table.parquet");
    defer reader.close();
    const metadata = try pqpush.Metadata.read(gpa, reader.data.len, reader, null);
    defer metadata.deinit();
    try testing.expectEqual(1000, metadata.rowCount());
    try testing.expectEqual(3, metadata.rowGroupCount());
    try testing.expectEqual(5, metadata.columnCount());
    var decoder = try pqpush.Decoder.init(gpa, metadata, .{ .columns = &.{ "name", "id" }, .batch_rows = 150 }, null);
    var first = (try decoder.next(gpa, reader, null)).?;
    defer first.deinit();
    try testing.expectEqual(150, first.rowCount());
    try testing.expectEqual(2, first.columnCount());
    try testing.expectEqualStrings("id", first.column(0).name());
    try testing.expectEqual(149, (try first.column(0).values(i64))[149]);
    try testing.expectEqualStrings("u", first.column(1).format());
    try testing.expectEqualStrings("name-7", try first.column(1).text(7));
    try testing.expect(first.column(1).isNull(5) and !first.column(1).isNull(6) and !first.column(0).isNull(5));
    try testing.expectError(error.InvalidArgument, first.column(1).values(i64));
    try testing.expectError(error.InvalidArgument, first.column(0).text(0));
    var rows: usize = first.rowCount();
    while (try decoder.next(gpa, reader, null)) |next| {
        var batch = next;
        rows += batch.rowCount();
        batch.deinit();
    }
    try testing.expectEqual(1000, rows);
    try testing.expectEqual(1000, (try decoder.metrics()).rows_out);
    try testing.expect(try decoder.next(gpa, reader, null) == null);
    decoder.deinit();
    try testing.expectEqual(150, first.array.children[0].*.length); // rows outlive their decoder
}

test "predicates keep rows" {
    try expectKept(&.{ 998, 999 }, try Predicate.compare("id", .gt, 997, null));
    try expectKept(&.{ 0, 1 }, try Predicate.compare("price", .lt, 1.5, null));
    try expectKept(&.{7}, try Predicate.compare("name", .eq, "name-7", null));
    try expectKept(&.{ 3, 4 }, try Predicate.sql("id BETWEEN 3 AND 5 AND name IS NOT NULL", null));
    const low: i32 = 2;
    try expectKept(&.{ 0, 5 }, try Predicate.all(&.{
        try Predicate.isNull("name", null),
        try Predicate.compare("id", .le, low * 4, null),
    }, null));
    try expectKept(&.{ 11, 21 }, try Predicate.all(&.{
        try Predicate.like("name", "name-_1", null),
        try Predicate.not(try Predicate.compare("id", .ge, 30, null), null),
    }, null));
    try expectKept(&.{ 0, 99, 991 }, try Predicate.any(&.{
        try Predicate.compare("id", .eq, 0, null),
        try Predicate.all(&.{ try Predicate.startsWith("name", "name-99", null), try Predicate.sql("id < 992", null) }, null),
    }, null));
}

test "offset and limit" {
    const reader = try Reader.open("table.parquet");
    defer reader.close();
    const metadata = try pqpush.Metadata.read(gpa, reader.data.len, reader, null);
    defer metadata.deinit();
    var ids: [1000]i64 = undefined;
    var some = try pqpush.Decoder.init(gpa, metadata, .{ .offset = 399, .limit = 2 }, null);
    defer some.deinit();
    try testing.expectEqualSlices(i64, &.{ 399, 400 }, try readIds(&some, reader, &ids));
    var none = try pqpush.Decoder.init(gpa, metadata, .{ .limit = 0 }, null);
    defer none.deinit();
    try testing.expect(try none.next(gpa, reader, null) == null);
}

test "errors say what and where" {
    var why: pqpush.Diagnostics = .{};
    try testing.expectError(error.InvalidArgument, Predicate.sql("id <", &why));
    try testing.expect(why.message().len > 0 and why.column == null);
    const reader = try Reader.open("corrupt_page.parquet");
    defer reader.close();
    const metadata = try pqpush.Metadata.read(gpa, reader.data.len, reader, null);
    defer metadata.deinit();
    try testing.expectError(error.InvalidArgument, pqpush.Decoder.init(gpa, metadata, .{ .columns = &.{"nothing"} }, &why));
    try testing.expect(std.mem.indexOf(u8, why.message(), "nothing") != null);
    var decoder = try pqpush.Decoder.init(gpa, metadata, .{}, null);
    defer decoder.deinit();
    var batch = (try decoder.next(gpa, reader, &why)).?;
    batch.deinit();
    try testing.expectError(error.Corrupt, decoder.next(gpa, reader, &why));
    try testing.expectEqual(1, why.row_group.?);
    try testing.expectEqual(0, why.column.?);
    try testing.expect(why.file_offset.? > 0);
    const text = try Reader.open("text.parquet");
    defer text.close();
    try testing.expectError(error.NotParquet, pqpush.Metadata.read(gpa, text.data.len, text, &why));
    try testing.expectError(error.UnexpectedEndOfFile, pqpush.Metadata.read(gpa, 1000, text, &why));
}

const Part = struct {
    ids: [400]i64 = undefined,
    rows: usize = 0,

    fn read(self: *Part, plan: pqpush.Plan, task: usize, reader: Reader) void {
        var decoder = plan.decoder(task, null) catch return;
        defer decoder.deinit();
        self.rows = (readIds(&decoder, reader, &self.ids) catch return).len;
    }
};

test "a plan is read by threads" {
    const reader = try Reader.open("table.parquet");
    defer reader.close();
    const metadata = try pqpush.Metadata.read(gpa, reader.data.len, reader, null);
    defer metadata.deinit();
    const where = try Predicate.sql("id >= 100 AND id < 900", null);
    defer where.deinit();
    const plan = try pqpush.Plan.init(gpa, metadata, .{ .columns = &.{"id"}, .where = where }, 100, null);
    defer plan.deinit();
    try testing.expectEqual(8, plan.taskCount());
    var parts: [8]Part = @splat(.{});
    var threads: [8]std.Thread = undefined;
    for (&parts, &threads, 0..) |*part, *thread, task| {
        thread.* = try std.Thread.spawn(.{}, Part.read, .{ part, plan, task, reader });
    }
    var expected: i64 = 100;
    for (&parts, threads) |*part, thread| {
        thread.join();
        for (part.ids[0..part.rows]) |id| {
            try testing.expectEqual(expected, id);
            expected += 1;
        }
    }
    try testing.expectEqual(900, expected);
    var why: pqpush.Diagnostics = .{};
    try testing.expectError(error.InvalidArgument, plan.decoder(8, &why));
}
