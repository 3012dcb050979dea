//! What the programs share: printing, and numbers that look random.

const std = @import("std");

pub fn print(comptime format: []const u8, values: anytype) void {
    var buffer: [512]u8 = undefined;
    const text = std.fmt.bufPrint(&buffer, format ++ "\n", values) catch unreachable;
    const piece = [1]std.os.wasi.ciovec_t{.{ .base = text.ptr, .len = text.len }};
    var written: usize = 0;
    _ = std.os.wasi.fd_write(1, &piece, 1, &written);
}

pub const Noise = struct {
    state: u64,

    pub fn next(noise: *Noise) u32 {
        noise.state = noise.state *% 6364136223846793005 +% 1442695040888963407;
        return @truncate(noise.state >> 32);
    }
};

/// FNV-1a of bytes.
pub fn checksum(bytes: []const u8) u64 {
    return std.hash.Fnv1a_64.hash(bytes);
}
