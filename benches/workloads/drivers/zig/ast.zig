//! The language's own parser: reads this folder's programs, and writes them formatted.

const std = @import("std");
const shared = @import("shared.zig");
pub const panic = std.debug.no_panic;

fn run(gpa: std.mem.Allocator) !void {
    for (0..20) |round| {
        var sum: u64 = 0;
        var nodes: usize = 0;
        inline for (.{ "kernels.zig", "library.zig", "ast.zig" }) |name| {
            const tree = try std.zig.Ast.parse(gpa, @embedFile(name), .{ .mode = .zig });
            const text = try tree.renderAlloc(gpa);
            nodes += tree.nodes.len;
            sum ^= shared.checksum(text);
            gpa.free(text);
        }
        if (round == 0) shared.print("{} nodes {x}", .{ nodes, sum });
    }
}

pub fn main() void {
    run(std.heap.wasm_allocator) catch @panic("no memory");
}
