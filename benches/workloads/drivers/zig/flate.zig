//! std.compress.flate: compresses text, and back; numbers with thousands of digits.

const std = @import("std");
const flate = std.compress.flate;
const shared = @import("shared.zig");
pub const panic = std.debug.no_panic;

var window: [2 * flate.max_window_len]u8 = undefined;

fn roundTrip(gpa: std.mem.Allocator, text: []const u8) !void {
    var small: std.Io.Writer.Allocating = try .initCapacity(gpa, 1024);
    var compressor = try flate.Compress.init(&small.writer, &window, .zlib, .default);
    try compressor.writer.writeAll(text);
    try compressor.finish();
    var input: std.Io.Reader = .fixed(small.written());
    var decompressor: flate.Decompress = .init(&input, .zlib, &window);
    const back = try decompressor.reader.allocRemaining(gpa, .unlimited);
    shared.print("{} bytes {x} {}", .{ small.written().len, shared.checksum(small.written()), std.mem.eql(u8, text, back) });
}

fn factorial(gpa: std.mem.Allocator) !void {
    var product = try std.math.big.int.Managed.initSet(gpa, 1);
    var factor = try std.math.big.int.Managed.initSet(gpa, 1);
    for (1..1200) |n| {
        try factor.set(n);
        try product.mul(&product, &factor);
    }
    const text = try product.toString(gpa, 10, .lower);
    shared.print("{} digits {x}", .{ text.len, shared.checksum(text) });
}

fn run(gpa: std.mem.Allocator) !void {
    var noise = shared.Noise{ .state = 9 };
    var text: std.ArrayList(u8) = .empty;
    const source = @embedFile("library.zig") ++ @embedFile("kernels.zig");
    while (text.items.len < 500000) {
        const at = noise.next() % (source.len - 600);
        try text.appendSlice(gpa, source[at..][0 .. noise.next() % 500]);
        try text.append(gpa, @truncate(noise.next()));
    }
    try roundTrip(gpa, text.items);
    try factorial(gpa);
}

pub fn main() void {
    run(std.heap.wasm_allocator) catch @panic("it failed");
}
