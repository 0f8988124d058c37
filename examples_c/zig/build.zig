//! zig build test, or zig build run -- FILE COLUMN LOW HIGH [SQL]
//!   -Dinclude=DIR -Dlib=DIR: where pqpush.h and libpqpush are, if they are not installed
//! zig translates the header at build time; pqpush.zig wraps what comes out.
const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const include = b.option([]const u8, "include", "Directory of pqpush.h") orelse "/usr/local/include";
    const lib = b.option([]const u8, "lib", "Directory of libpqpush") orelse "/usr/local/lib";

    const header = b.addTranslateC(.{
        .root_source_file = .{ .cwd_relative = b.pathJoin(&.{ include, "pqpush.h" }) },
        .target = target,
        .optimize = optimize,
    });
    const pqpush = b.addModule("pqpush", .{
        .root_source_file = b.path("pqpush.zig"),
        .target = target,
        .optimize = optimize,
        .link_libc = true,
        .imports = &.{.{ .name = "c", .module = header.createModule() }},
    });
    pqpush.addLibraryPath(.{ .cwd_relative = lib });
    pqpush.addRPath(.{ .cwd_relative = lib });
    pqpush.linkSystemLibrary("pqpush", .{});

    const scan = b.addExecutable(.{ .name = "scan", .root_module = program(b, "scan.zig", pqpush) });
    b.installArtifact(scan);
    const run_scan = b.addRunArtifact(scan);
    run_scan.addPassthruArgs();
    b.step("run", "Run scan").dependOn(&run_scan.step);

    const tests = b.addTest(.{ .root_module = program(b, "test.zig", pqpush) });
    const run_tests = b.addRunArtifact(tests);
    run_tests.has_side_effects = true; // the library may be another one, which zig does not see
    b.step("test", "Run the tests").dependOn(&run_tests.step);
}

fn program(b: *std.Build, source: []const u8, pqpush: *std.Build.Module) *std.Build.Module {
    return b.createModule(.{
        .root_source_file = b.path(source),
        .target = pqpush.resolved_target,
        .optimize = pqpush.optimize,
        .imports = &.{.{ .name = "pqpush", .module = pqpush }},
    });
}
