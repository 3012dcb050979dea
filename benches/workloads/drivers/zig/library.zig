//! The standard library: maps, lists, sorting, JSON, hashes, numbers as texts, a priority queue.

const std = @import("std");
const shared = @import("shared.zig");
const print = shared.print;
const Noise = shared.Noise;
pub const panic = std.debug.no_panic;

fn maps(gpa: std.mem.Allocator) !void {
    var noise = Noise{ .state = 5 };
    var numbers: std.AutoHashMapUnmanaged(u32, u64) = .empty;
    for (0..60000) |round| {
        const entry = try numbers.getOrPut(gpa, noise.next() % 5003);
        if (!entry.found_existing) entry.value_ptr.* = 0;
        entry.value_ptr.* += round;
        if (round % 3 == 0) _ = numbers.remove(noise.next() % 5003);
    }
    var sum: u64 = 0;
    var values = numbers.valueIterator();
    while (values.next()) |value| sum +%= value.*;
    var words: std.StringHashMapUnmanaged(u32) = .empty;
    var parts = std.mem.tokenizeAny(u8, @embedFile("kernels.zig"), " \n(){}[].,;:");
    while (parts.next()) |word| {
        const entry = try words.getOrPut(gpa, word);
        entry.value_ptr.* = if (entry.found_existing) entry.value_ptr.* + 1 else 1;
    }
    print("{} {} {} {}", .{ numbers.count(), sum, words.count(), words.get("const") orelse 0 });
}

fn sorting(gpa: std.mem.Allocator) !void {
    var noise = Noise{ .state = 6 };
    var list: std.ArrayList(u64) = .empty;
    for (0..20000) |_| try list.append(gpa, noise.next());
    std.mem.sort(u64, list.items, {}, std.sort.asc(u64));
    var sum: u64 = 0;
    for (list.items, 0..) |item, at| sum +%= item *% at;
    for (list.items) |*item| item.* = noise.next();
    std.sort.heap(u64, list.items[0..8000], {}, std.sort.desc(u64));
    std.sort.pdq(u64, list.items[8000..], {}, std.sort.asc(u64));
    print("{} {} {}", .{ sum, list.items[0], list.items[19999] });
}

const Record = struct { id: u32, name: []const u8, position: [2]f64, tags: []const []const u8, parent: ?u32 };

fn json(gpa: std.mem.Allocator) !void {
    var noise = Noise{ .state = 7 };
    var records: [400]Record = undefined;
    for (&records, 0..) |*record, id| record.* = .{
        .id = @intCast(id),
        .name = if (id % 3 == 0) "a \"quoted\" name" else "plain",
        .position = .{ @as(f64, @floatFromInt(noise.next() % 1000)) / 8, -0.5 },
        .tags = if (id % 2 == 0) &.{ "one", "two" } else &.{},
        .parent = if (id == 0) null else noise.next(),
    };
    const text = try std.json.Stringify.valueAlloc(gpa, records[0..], .{});
    var sum: f64 = 0;
    for (0..3) |_| {
        const back = try std.json.parseFromSlice([]Record, gpa, text, .{});
        for (back.value) |record| sum += record.position[0] + @as(f64, @floatFromInt(record.tags.len));
        back.deinit();
        const value = try std.json.parseFromSlice(std.json.Value, gpa, text, .{});
        sum += @floatFromInt(value.value.array.items.len);
        value.deinit();
    }
    print("{} {x} {d}", .{ text.len, shared.checksum(text), sum });
}

fn hashes() void {
    var bytes: [16384]u8 = undefined;
    for (&bytes, 0..) |*byte, at| byte.* = @truncate(at *% 31);
    var md5: [16]u8 = undefined;
    std.crypto.hash.Md5.hash(&bytes, &md5, .{});
    var sip: [8]u8 = undefined;
    std.crypto.auth.siphash.SipHash64(2, 4).create(&sip, &bytes, md5[0..16]);
    var ascon: [32]u8 = undefined;
    std.crypto.hash.ascon.AsconHash256.hash(&bytes, &ascon, .{});
    print("{x} {x} {x}", .{ std.mem.readInt(u128, &md5, .little), std.mem.readInt(u64, &sip, .little), shared.checksum(&ascon) });
    print("{x} {x} {x}", .{ std.hash.Wyhash.hash(1, &bytes), std.hash.XxHash64.hash(2, &bytes), std.hash.Adler32.hash(&bytes) });
    print("{x} {x}", .{ std.hash.Murmur2_64.hash(&bytes), std.hash.CityHash64.hash(&bytes) });
}

fn texts() !void {
    var noise = Noise{ .state = 8 };
    var buffer: [64]u8 = undefined;
    var sum: u64 = 0;
    for (0..8000) |round| {
        const bits = @as(u64, noise.next()) << 32 | noise.next();
        const float: f64 = @bitCast(bits >> 2 | 0x2000000000000000);
        const text = try std.fmt.bufPrint(&buffer, "{e}", .{float});
        const same = try std.fmt.parseFloat(f64, text) == float;
        sum +%= shared.checksum(text) +% @intFromBool(same);
        const whole = try std.fmt.bufPrint(&buffer, "{x:0>16} {d} {s:_^9}", .{ bits, round, "ok" });
        sum +%= try std.fmt.parseInt(u64, whole[0..16], 16);
    }
    print("{}", .{sum});
}

pub fn main() void {
    const gpa = std.heap.wasm_allocator;
    maps(gpa) catch @panic("maps");
    sorting(gpa) catch @panic("sorting");
    json(gpa) catch @panic("json");
    hashes();
    texts() catch @panic("texts");
}
