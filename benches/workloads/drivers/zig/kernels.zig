//! Small kernels over numbers, slices and structs.

const std = @import("std");
const shared = @import("shared.zig");
const print = shared.print;
const Noise = shared.Noise;
pub const panic = std.debug.no_panic;

fn gcd(a: u64, b: u64) u64 {
    return if (b == 0) a else gcd(b, a % b);
}

fn divisors(limit: u64) u64 {
    var sum: u64 = 0;
    var a: u64 = 1;
    while (a < limit) : (a += 1) {
        var b: u64 = 1;
        while (b < a) : (b += 7) sum +%= gcd(a, b);
    }
    return sum;
}

fn shellsort(items: []i32) void {
    var gap = items.len / 2;
    while (gap > 0) : (gap /= 2) {
        for (gap..items.len) |start| {
            const value = items[start];
            var at = start;
            while (at >= gap and items[at - gap] > value) : (at -= gap) items[at] = items[at - gap];
            items[at] = value;
        }
    }
}

fn julia(side: usize) u64 {
    var sum: u64 = 0;
    for (0..side) |y| {
        for (0..side) |x| {
            var re = @as(f64, @floatFromInt(x)) * 3.0 / @as(f64, @floatFromInt(side)) - 1.5;
            var im = @as(f64, @floatFromInt(y)) * 2.0 / @as(f64, @floatFromInt(side)) - 1.0;
            var round: u32 = 0;
            while (round < 50 and re * re + im * im < 4.0) : (round += 1) {
                const next = re * re - im * im - 0.8;
                im = 2.0 * re * im + 0.156;
                re = next;
            }
            sum = sum *% 31 +% round;
        }
    }
    return sum;
}

fn distance(a: []const u8, b: []const u8, cells: []u32) u32 {
    for (cells, 0..) |*cell, at| cell.* = @intCast(at);
    for (a, 0..) |x, i| {
        var before = cells[0];
        cells[0] = @intCast(i + 1);
        for (b, 1..) |y, j| {
            const above = cells[j];
            cells[j] = @min(@min(cells[j] + 1, cells[j - 1] + 1), before + @intFromBool(x != y));
            before = above;
        }
    }
    return cells[b.len];
}

fn wide(rounds: u32) u128 {
    var a: u128 = 0x0123456789abcdef0123456789abcdef;
    var sum: u128 = 0;
    for (0..rounds) |round| {
        a = a *% 0xda942042e4dd58b5 +% round;
        sum ^= std.math.rotl(u128, a, 29) +% @as(u128, @as(u64, @truncate(a))) * @as(u64, @truncate(a >> 64));
    }
    return sum;
}

fn tea(rounds: u32) u64 {
    const key = [4]u32{ 1, 2, 3, 5 };
    var total: u64 = 0;
    for (0..rounds) |round| {
        var v: [2]u32 = .{ @intCast(round), 77 };
        var sum: u32 = 0;
        for (0..32) |_| {
            v[0] +%= (((v[1] << 4) ^ (v[1] >> 5)) +% v[1]) ^ (sum +% key[sum & 3]);
            sum +%= 0x9e3779b9;
            v[1] +%= (((v[0] << 4) ^ (v[0] >> 5)) +% v[0]) ^ (sum +% key[(sum >> 11) & 3]);
        }
        total +%= @as(u64, v[0]) << 32 | v[1];
    }
    return total;
}

const Move = enum { up, down, left, right, stay };

fn walk(rounds: u32) i64 {
    var noise = Noise{ .state = 3 };
    var x: i64 = 0;
    var y: i64 = 0;
    var seen = std.mem.zeroes([256]u16);
    for (0..rounds) |_| {
        const move: Move = switch (noise.next() % 9) {
            0, 1 => .up,
            2 => .down,
            3, 4, 5 => .left,
            6, 7 => .right,
            else => .stay,
        };
        switch (move) {
            .up => y += 1,
            .down => y -= 1,
            .left => x -= 1,
            .right => x += 1,
            .stay => seen[@intCast(@mod(x * 3 + y, 256))] +%= 1,
        }
    }
    var sum = x * 1000 + y;
    for (seen) |count| sum = sum *% 3 +% count;
    return sum;
}

fn multiply(side: usize, a: []const f32, b: []const f32, c: []f32) void {
    for (0..side) |i| {
        const to = c[i * side ..][0..side];
        @memset(to, 0);
        for (0..side) |k| {
            const scale = a[i * side + k];
            for (to, b[k * side ..][0..side]) |*sum, from| sum.* += scale * from;
        }
    }
}

fn simpson(steps: u32) f64 {
    const width = 3.0 / @as(f64, @floatFromInt(steps));
    var sum: f64 = 0;
    for (0..steps) |step| {
        const x = @as(f64, @floatFromInt(step)) * width;
        const f = x * x * x - 2 * x + @sqrt(x + 1);
        sum += f * @as(f64, if (step % 2 == 0) 2 else 4);
    }
    return sum * width / 3;
}

const Particle = struct { at: [3]f32, by: [3]f32, alive: bool };

fn particles(all: []Particle, rounds: u32) f32 {
    for (0..rounds) |round| {
        for (all, 0..) |*one, index| {
            if (!one.alive) {
                one.* = .{ .at = .{ 0, 0, 0 }, .by = .{ @floatFromInt(index % 7), @floatFromInt(round % 11), 1 }, .alive = true };
                continue;
            }
            for (&one.at, one.by) |*at, by| at.* += by * 0.1;
            one.by[1] -= 0.98;
            if (one.at[1] < 0) {
                one.by[1] = -one.by[1] * 0.5;
                one.at[1] = 0;
                one.alive = @abs(one.by[1]) > 0.3;
            }
        }
    }
    var sum: f32 = 0;
    for (all) |one| sum += one.at[0] + one.at[1] * 0.5;
    return sum;
}

var list: [20000]i32 = undefined;
var text: [600]u8 = undefined;
var other: [500]u8 = undefined;
var row: [501]u32 = undefined;
var left: [64 * 64]f32 = undefined;
var right: [64 * 64]f32 = undefined;
var result: [64 * 64]f32 = undefined;
var moving: [500]Particle = undefined;

pub fn main() void {
    print("{}", .{divisors(700)});
    var noise = Noise{ .state = 1 };
    for (&list) |*item| item.* = @bitCast(noise.next());
    shellsort(&list);
    print("{} {}", .{ list[0], list[9999] });
    print("{}", .{julia(110)});
    for (&text) |*letter| letter.* = 'a' + @as(u8, @intCast(noise.next() % 5));
    for (&other) |*letter| letter.* = 'a' + @as(u8, @intCast(noise.next() % 5));
    print("{}", .{distance(&text, &other, &row)});
    print("{x}", .{wide(60000)});
    print("{}", .{tea(4000)});
    print("{}", .{walk(300000)});
    for (&left, &right, 0..) |*a, *b, at| {
        a.* = @floatFromInt(at % 13);
        b.* = @floatFromInt(at % 7);
    }
    for (0..8) |_| multiply(64, &left, &right, &result);
    print("{} {}", .{ result[0], result[1000] });
    print("{d:.6}", .{simpson(200000)});
    for (&moving) |*one| one.alive = false;
    print("{d:.1}", .{particles(&moving, 200)});
}
