//! pqpush for Zig: reads Parquet files through the C library of the same name.
//!
//! A reader is any value with `fn read(self, offset: u64, out: []u8) !void`, which fills `out` from there on. Everything that
//! has a `deinit` is freed by it. Where a call fails, and is given a `Diagnostics`, that says why; `c` is the C header, as
//! translated, for what is not wrapped here.
const std = @import("std");
pub const c = @import("c");

const Allocator = std.mem.Allocator;

/// The status codes, as pqpush_status_code of the C header describes them.
pub const Error = error{
    InvalidArgument,
    InvalidState,
    Busy,
    Poisoned,
    NotParquet,
    Truncated,
    Corrupt,
    Checksum,
    Unsupported,
    Key,
    OutOfMemory,
    Limit,
    Callback,
    Internal,
};

/// Why a call failed; the text lies in it, up to its size.
pub const Diagnostics = struct {
    buffer: [512]u8 = undefined,
    length: usize = 0,
    file_offset: ?u64 = null,
    row_group: ?u64 = null,
    column: ?u64 = null,

    pub fn message(self: *const Diagnostics) []const u8 {
        return self.buffer[0..self.length];
    }

    fn fill(self: *Diagnostics, err: ?*c.pqpush_error) void {
        const text = std.mem.span(c.pqpush_error_message(err));
        self.length = @min(text.len, self.buffer.len);
        @memcpy(self.buffer[0..self.length], text[0..self.length]);
        self.file_offset = std.math.cast(u64, c.pqpush_error_file_offset(err));
        self.row_group = std.math.cast(u64, c.pqpush_error_row_group(err));
        self.column = std.math.cast(u64, c.pqpush_error_column(err));
    }
};

/// Where a call of the C ABI leaves its error.
const Failure = struct {
    err: ?*c.pqpush_error = null,

    fn check(self: *Failure, status: c.pqpush_status, diagnostics: ?*Diagnostics) Error!void {
        defer c.pqpush_error_free(self.err);
        if (status == c.PQPUSH_OK) return;
        if (diagnostics) |into| into.fill(self.err);
        return switch (status) {
            c.PQPUSH_ERR_INVALID_ARGUMENT => Error.InvalidArgument,
            c.PQPUSH_ERR_INVALID_STATE => Error.InvalidState,
            c.PQPUSH_ERR_BUSY => Error.Busy,
            c.PQPUSH_ERR_POISONED => Error.Poisoned,
            c.PQPUSH_ERR_NOT_PARQUET => Error.NotParquet,
            c.PQPUSH_ERR_TRUNCATED => Error.Truncated,
            c.PQPUSH_ERR_CORRUPT => Error.Corrupt,
            c.PQPUSH_ERR_CHECKSUM => Error.Checksum,
            c.PQPUSH_ERR_UNSUPPORTED => Error.Unsupported,
            c.PQPUSH_ERR_KEY => Error.Key,
            c.PQPUSH_ERR_OUT_OF_MEMORY => Error.OutOfMemory,
            c.PQPUSH_ERR_LIMIT => Error.Limit,
            c.PQPUSH_ERR_CALLBACK => Error.Callback,
            else => Error.Internal,
        };
    }
};

fn str(text: []const u8) c.pqpush_str {
    return .{ .data = text.ptr, .length = text.len };
}

fn event() c.pqpush_event {
    return .{ .struct_size = @sizeOf(c.pqpush_event) };
}

/// The metadata of a file. It never changes, and any number of threads may use it.
pub const Metadata = struct {
    handle: *c.pqpush_metadata,

    pub fn read(gpa: Allocator, file_length: u64, reader: anytype, diagnostics: ?*Diagnostics) !Metadata {
        var failure: Failure = .{};
        var decoder: ?*c.pqpush_metadata_decoder = null;
        try failure.check(c.pqpush_metadata_decoder_new(file_length, null, &decoder, &failure.err), diagnostics);
        defer c.pqpush_metadata_decoder_free(decoder);
        while (true) {
            var step = event();
            var metadata: ?*c.pqpush_metadata = null;
            const status = c.pqpush_metadata_decoder_try_decode(decoder, &step, &metadata, &failure.err);
            try failure.check(status, diagnostics);
            if (metadata) |made| return .{ .handle = made };
            for (step.ranges[0..step.range_count]) |range| {
                const data = try gpa.alloc(u8, @intCast(range.length));
                defer gpa.free(data);
                try reader.read(range.offset, data);
                const pushed = c.pqpush_metadata_decoder_push(decoder, range.offset, data.ptr, data.len, &failure.err);
                try failure.check(pushed, diagnostics);
            }
        }
    }

    pub fn deinit(self: Metadata) void {
        c.pqpush_metadata_free(self.handle);
    }

    pub fn rowCount(self: Metadata) u64 {
        return c.pqpush_metadata_row_count(self.handle);
    }

    pub fn rowGroupCount(self: Metadata) usize {
        return c.pqpush_metadata_row_group_count(self.handle);
    }

    pub fn columnCount(self: Metadata) usize {
        return c.pqpush_metadata_column_count(self.handle);
    }
};

/// A condition on rows, which any number of scans may use. Columns are named by dotted path, and looked up when a scan begins.
pub const Predicate = struct {
    handle: *c.pqpush_predicate,

    pub const Comparison = enum(i32) { eq = 0, ne = 1, lt = 2, le = 3, gt = 4, ge = 5 };

    /// Compares a column with an integer, a floating-point number or a string.
    pub fn compare(column: []const u8, op: Comparison, value: anytype, diagnostics: ?*Diagnostics) Error!Predicate {
        var failure: Failure = .{};
        var out: ?*c.pqpush_predicate = null;
        const operator = @backingInt(op);
        const status = switch (@typeInfo(@TypeOf(value))) {
            .int, .comptime_int => c.pqpush_predicate_compare_int64(str(column), operator, value, &out, &failure.err),
            .float, .comptime_float => c.pqpush_predicate_compare_double(str(column), operator, value, &out, &failure.err),
            else => c.pqpush_predicate_compare_string(str(column), operator, str(value), &out, &failure.err),
        };
        try failure.check(status, diagnostics);
        return .{ .handle = out.? };
    }

    /// A condition in SQL, as it stands behind WHERE.
    pub fn sql(text: []const u8, diagnostics: ?*Diagnostics) Error!Predicate {
        return make(c.pqpush_predicate_parse, .{str(text)}, diagnostics);
    }

    pub fn isNull(column: []const u8, diagnostics: ?*Diagnostics) Error!Predicate {
        return make(c.pqpush_predicate_is_null, .{str(column)}, diagnostics);
    }

    pub fn like(column: []const u8, pattern: []const u8, diagnostics: ?*Diagnostics) Error!Predicate {
        return make(c.pqpush_predicate_like, .{ str(column), str(pattern) }, diagnostics);
    }

    pub fn startsWith(column: []const u8, prefix: []const u8, diagnostics: ?*Diagnostics) Error!Predicate {
        return make(c.pqpush_predicate_starts_with, .{ str(column), str(prefix) }, diagnostics);
    }

    /// All of the operands, which it takes over, also where it fails.
    pub fn all(operands: []const Predicate, diagnostics: ?*Diagnostics) Error!Predicate {
        return make(c.pqpush_predicate_and, .{ handles(operands), operands.len }, diagnostics);
    }

    /// One of the operands, which it takes over, also where it fails.
    pub fn any(operands: []const Predicate, diagnostics: ?*Diagnostics) Error!Predicate {
        return make(c.pqpush_predicate_or, .{ handles(operands), operands.len }, diagnostics);
    }

    /// Not the operand, which it takes over, also where it fails.
    pub fn not(operand: Predicate, diagnostics: ?*Diagnostics) Error!Predicate {
        return make(c.pqpush_predicate_not, .{operand.handle}, diagnostics);
    }

    pub fn deinit(self: Predicate) void {
        c.pqpush_predicate_free(self.handle);
    }

    /// A Predicate is a pointer and nothing else. C does not write to the list.
    fn handles(operands: []const Predicate) [*c]?*c.pqpush_predicate {
        comptime std.debug.assert(@sizeOf(Predicate) == @sizeOf(usize));
        return @ptrCast(@constCast(operands.ptr));
    }

    fn make(comptime function: anytype, arguments: anytype, diagnostics: ?*Diagnostics) Error!Predicate {
        var failure: Failure = .{};
        var out: ?*c.pqpush_predicate = null;
        try failure.check(@call(.auto, function, arguments ++ .{ &out, &failure.err }), diagnostics);
        return .{ .handle = out.? };
    }
};

/// What to decode; what is not named here is a field of pqpush_scan_options.
pub const ScanOptions = struct {
    /// Dotted paths; null: all columns.
    columns: ?[]const []const u8 = null,
    where: ?Predicate = null,
    batch_rows: u64 = 0,
    offset: u64 = 0,
    limit: u64 = std.math.maxInt(u64),
    max_buffered_bytes: u64 = 0,
    /// Bits of pqpush_scan_flags.
    flags: u32 = 0,

    /// Calls `function` with what C takes, which lives for the call.
    fn call(self: ScanOptions, gpa: Allocator, context: anytype) !void {
        // One more than are there, so that there is a pointer also to no columns.
        const columns = try gpa.alloc(c.pqpush_str, if (self.columns) |paths| paths.len + 1 else 0);
        defer gpa.free(columns);
        var options: c.pqpush_scan_options = .{
            .struct_size = @sizeOf(c.pqpush_scan_options),
            .batch_rows = self.batch_rows,
            .offset = self.offset,
            .limit = self.limit,
            .max_buffered_bytes = self.max_buffered_bytes,
            .flags = self.flags | if (self.limit == std.math.maxInt(u64)) 0 else @as(u32, @intCast(c.PQPUSH_SCAN_LIMIT)),
        };
        if (self.columns) |paths| {
            for (paths, columns[0..paths.len]) |path, *column| column.* = str(path);
            options.columns = columns.ptr;
            options.column_count = paths.len;
        }
        var predicates = [1]?*const c.pqpush_predicate{null};
        if (self.where) |predicate| {
            predicates[0] = predicate.handle;
            options.predicates = &predicates;
            options.predicate_count = 1;
        }
        return context.run(&options);
    }
};

/// One scan, batch by batch; used by one thread at a time.
pub const Decoder = struct {
    handle: *c.pqpush_decoder,
    schema: c.struct_ArrowSchema,

    pub fn init(gpa: Allocator, metadata: Metadata, options: ScanOptions, diagnostics: ?*Diagnostics) !Decoder {
        var job: struct {
            metadata: Metadata,
            diagnostics: ?*Diagnostics,
            decoder: ?*c.pqpush_decoder = null,

            fn run(self: *@This(), c_options: *const c.pqpush_scan_options) Error!void {
                var failure: Failure = .{};
                const status = c.pqpush_decoder_new(self.metadata.handle, c_options, &self.decoder, &failure.err);
                return failure.check(status, self.diagnostics);
            }
        } = .{ .metadata = metadata, .diagnostics = diagnostics };
        try options.call(gpa, &job);
        return withSchema(job.decoder.?, diagnostics);
    }

    fn withSchema(handle: *c.pqpush_decoder, diagnostics: ?*Diagnostics) Error!Decoder {
        errdefer c.pqpush_decoder_free(handle);
        var failure: Failure = .{};
        var decoder: Decoder = .{ .handle = handle, .schema = .{} };
        try failure.check(c.pqpush_decoder_schema(handle, &decoder.schema, &failure.err), diagnostics);
        return decoder;
    }

    pub fn deinit(self: *Decoder) void {
        self.schema.release.?(&self.schema);
        c.pqpush_decoder_free(self.handle);
    }

    /// The next batch, for which it reads what is needed; null where all was handed out.
    pub fn next(self: *Decoder, gpa: Allocator, reader: anytype, diagnostics: ?*Diagnostics) !?Batch {
        var failure: Failure = .{};
        while (true) {
            var step = event();
            var batch: Batch = .{ .array = .{}, .schema = &self.schema };
            const status = c.pqpush_decoder_try_decode(self.handle, &step, &batch.array, &failure.err);
            try failure.check(status, diagnostics);
            switch (step.kind) {
                c.PQPUSH_EVENT_BATCH => return batch,
                c.PQPUSH_EVENT_FINISHED => return null,
                else => {},
            }
            for (step.ranges[0..step.range_count]) |range| {
                const data = try gpa.alloc(u8, @intCast(range.length));
                defer gpa.free(data);
                try reader.read(range.offset, data);
                const pushed = c.pqpush_decoder_push(self.handle, range.offset, data.ptr, data.len, &failure.err);
                try failure.check(pushed, diagnostics);
            }
        }
    }

    pub fn metrics(self: *const Decoder) Error!c.pqpush_metrics {
        var failure: Failure = .{};
        var out: c.pqpush_metrics = .{ .struct_size = @sizeOf(c.pqpush_metrics) };
        try failure.check(c.pqpush_decoder_metrics(self.handle, &out, &failure.err), null);
        return out;
    }
};

/// One scan, cut into tasks; any number of threads may use it.
pub const Plan = struct {
    handle: *c.pqpush_plan,

    /// `target_rows`: rows of a task, about; 0: a task for each row group.
    pub fn init(gpa: Allocator, metadata: Metadata, options: ScanOptions, target_rows: u64, diagnostics: ?*Diagnostics) !Plan {
        var job: struct {
            metadata: Metadata,
            target_rows: u64,
            diagnostics: ?*Diagnostics,
            plan: ?*c.pqpush_plan = null,

            fn run(self: *@This(), c_options: *const c.pqpush_scan_options) Error!void {
                var failure: Failure = .{};
                const status = c.pqpush_plan_new(self.metadata.handle, c_options, self.target_rows, &self.plan, &failure.err);
                return failure.check(status, self.diagnostics);
            }
        } = .{ .metadata = metadata, .target_rows = target_rows, .diagnostics = diagnostics };
        try options.call(gpa, &job);
        return .{ .handle = job.plan.? };
    }

    pub fn deinit(self: Plan) void {
        c.pqpush_plan_free(self.handle);
    }

    pub fn taskCount(self: Plan) usize {
        return c.pqpush_plan_task_count(self.handle);
    }

    /// The decoder of one task, for any thread.
    pub fn decoder(self: Plan, task: usize, diagnostics: ?*Diagnostics) Error!Decoder {
        var failure: Failure = .{};
        var out: ?*c.pqpush_decoder = null;
        try failure.check(c.pqpush_plan_decoder(self.handle, task, &out, &failure.err), diagnostics);
        return Decoder.withSchema(out.?, diagnostics);
    }
};

/// Rows of a file. It may outlive the decoder, its columns' names and types do not.
pub const Batch = struct {
    array: c.struct_ArrowArray,
    schema: *const c.struct_ArrowSchema,

    pub fn deinit(self: *Batch) void {
        self.array.release.?(&self.array);
    }

    pub fn rowCount(self: *const Batch) usize {
        return @intCast(self.array.length);
    }

    pub fn columnCount(self: *const Batch) usize {
        return @intCast(self.array.n_children);
    }

    pub fn column(self: *const Batch, index: usize) Column {
        const array: *const c.struct_ArrowArray = self.array.children[0..self.columnCount()][index];
        return .{
            .array = array,
            .schema = self.schema.children[index],
            .first = @intCast(array.offset + self.array.offset),
            .length = self.rowCount(),
        };
    }
};

/// A column of a batch; it lives as long as that.
pub const Column = struct {
    array: *const c.struct_ArrowArray,
    schema: *const c.struct_ArrowSchema,
    first: usize,
    length: usize,

    pub fn name(self: Column) []const u8 {
        return std.mem.span(self.schema.name);
    }

    /// The type in the words of the Arrow C Data Interface, such as "l".
    pub fn format(self: Column) []const u8 {
        return std.mem.span(self.schema.format);
    }

    pub fn isNull(self: Column, row: usize) bool {
        std.debug.assert(row < self.length);
        const validity: [*]const u8 = @ptrCast(self.array.buffers[0] orelse return false);
        const at = self.first + row;
        return validity[at / 8] >> @intCast(at % 8) & 1 == 0;
    }

    /// The values of a column of numbers of this type; of nulls any value. error.InvalidArgument for other columns.
    pub fn values(self: Column, comptime T: type) Error![]const T {
        const expected = switch (T) {
            i8 => "c",
            u8 => "C",
            i16 => "s",
            u16 => "S",
            i32 => "i",
            u32 => "I",
            i64 => "l",
            u64 => "L",
            f32 => "f",
            f64 => "g",
            else => @compileError("no column is of " ++ @typeName(T)),
        };
        if (!std.mem.eql(u8, self.format(), expected)) return Error.InvalidArgument;
        if (self.length == 0) return &.{};
        return self.buffer(T, 1)[self.first..][0..self.length];
    }

    /// A string or binary with 32-bit offsets, formats "u" and "z". error.InvalidArgument for other columns.
    pub fn text(self: Column, row: usize) Error![]const u8 {
        std.debug.assert(row < self.length);
        if (!std.mem.eql(u8, self.format(), "u") and !std.mem.eql(u8, self.format(), "z")) return Error.InvalidArgument;
        const offsets = self.buffer(i32, 1)[self.first + row ..][0..2];
        return self.buffer(u8, 2)[@intCast(offsets[0])..@intCast(offsets[1])];
    }

    fn buffer(self: Column, comptime T: type, index: usize) [*]const T {
        return @ptrCast(@alignCast(self.array.buffers[index].?));
    }
};
