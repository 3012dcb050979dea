// Small kernels over numbers and typed arrays.

import { Noise, print } from "./shared";

function mandelbrot(side: i32): u32 {
  let sum: u32 = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const cx = (<f64>x / <f64>side) * 3.0 - 2.0, cy = (<f64>y / <f64>side) * 2.0 - 1.0;
      let zx = 0.0, zy = 0.0, round = 0;
      while (zx * zx + zy * zy < 4.0 && round < 60) {
        const next = zx * zx - zy * zy + cx;
        zy = 2.0 * zx * zy + cy;
        zx = next;
        round++;
      }
      sum = sum * 31 + round;
    }
  }
  return sum;
}

function life(side: i32, rounds: i32): i32 {
  let now = new Uint8Array(side * side), next = new Uint8Array(side * side);
  const noise = new Noise(1);
  for (let at = 0; at < now.length; at++) now[at] = <u8>(noise.next() >> 31);
  for (let round = 0; round < rounds; round++) {
    for (let y = 1; y < side - 1; y++) {
      for (let x = 1; x < side - 1; x++) {
        let count = 0;
        for (let dy = -1; dy <= 1; dy++) {
          for (let dx = -1; dx <= 1; dx++) count += now[(y + dy) * side + x + dx];
        }
        const alive = now[y * side + x];
        next[y * side + x] = count == 3 || (alive && count == 4) ? 1 : 0;
      }
    }
    const swap = now;
    now = next;
    next = swap;
  }
  let sum = 0;
  for (let at = 0; at < now.length; at++) sum += now[at];
  return sum;
}

function heapsort(count: i32): u32 {
  const list = new Uint32Array(count);
  const noise = new Noise(2);
  for (let at = 0; at < count; at++) list[at] = noise.next();
  for (let end = count, start = count >> 1; end > 1; ) {
    if (start > 0) start--;
    else {
      end--;
      const last = unchecked(list[end]);
      unchecked((list[end] = list[0]));
      unchecked((list[0] = last));
    }
    let root = start;
    for (let child = 2 * root + 1; child < end; child = 2 * root + 1) {
      if (child + 1 < end && list[child] < list[child + 1]) child++;
      if (list[root] >= list[child]) break;
      const swap = list[root];
      list[root] = list[child];
      list[child] = swap;
      root = child;
    }
  }
  let sum: u32 = 0;
  for (let at = 0; at < count; at++) sum = sum * 33 ^ list[at];
  return sum;
}

function collatz(limit: u64): u64 {
  let longest: u64 = 0, best: u64 = 0;
  for (let start: u64 = 1; start < limit; start++) {
    let x = start, steps: u64 = 0;
    while (x != 1) {
      x = x & 1 ? 3 * x + 1 : x >> 1;
      steps++;
    }
    if (steps > longest) {
      longest = steps;
      best = start;
    }
  }
  return best * 1000 + longest;
}

function knapsack(items: i32, capacity: i32): i32 {
  const best = new Int32Array(capacity + 1);
  const noise = new Noise(3);
  for (let item = 0; item < items; item++) {
    const weight = <i32>(noise.next() % 50) + 1, worth = <i32>(noise.next() % 100);
    for (let left = capacity; left >= weight; left--) {
      best[left] = max(best[left], best[left - weight] + worth);
    }
  }
  return best[capacity];
}

function hash(rounds: i32): u64 {
  const bytes = new Uint8Array(4096);
  for (let at = 0; at < bytes.length; at++) bytes[at] = <u8>(at * 7);
  let h: u64 = 0xcbf29ce484222325, g: u32 = 1, a: u32 = 0;
  for (let round = 0; round < rounds; round++) {
    for (let at = 0; at < bytes.length; at++) {
      h = (h ^ bytes[at]) * 0x100000001b3;
      g = rotl<u32>(g ^ bytes[at], 5) * 0x9e3779b1;
      a = (a + bytes[at]) % 65521;
    }
  }
  return h ^ (<u64>g << 16) ^ a;
}

class Body {
  constructor(public x: f64, public y: f64, public z: f64, public u: f64, public v: f64, public w: f64, public mass: f64) {}
}

function bodies(rounds: i32): f64 {
  const all: Array<Body> = [];
  for (let i = 0; i < 5; i++) all.push(new Body(i * 1.7, i * i * 0.3, -i * 0.5, 0.01 * i, 0.02, -0.01 * i, 1.0 / (i + 1)));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < all.length; i++) {
      const a = all[i];
      for (let j = i + 1; j < all.length; j++) {
        const b = all[j];
        const dx = a.x - b.x, dy = a.y - b.y, dz = a.z - b.z;
        const square = dx * dx + dy * dy + dz * dz + 0.01;
        const pull = 0.001 / (square * Math.sqrt(square));
        a.u -= dx * b.mass * pull;
        a.v -= dy * b.mass * pull;
        a.w -= dz * b.mass * pull;
        b.u += dx * a.mass * pull;
        b.v += dy * a.mass * pull;
        b.w += dz * a.mass * pull;
      }
    }
    for (let i = 0; i < all.length; i++) {
      const a = all[i];
      a.x += a.u * 0.001;
      a.y += a.v * 0.001;
      a.z += a.w * 0.001;
    }
  }
  let sum = 0.0;
  for (let i = 0; i < all.length; i++) sum += all[i].x + all[i].y * 2.0 + all[i].z * 3.0;
  return sum;
}

function blur(side: i32, rounds: i32): f32 {
  let from = new Float32Array(side * side), to = new Float32Array(side * side);
  for (let at = 0; at < from.length; at++) from[at] = <f32>(at % 97);
  for (let round = 0; round < rounds; round++) {
    for (let y = 1; y < side - 1; y++) {
      for (let x = 1; x < side - 1; x++) {
        const at = y * side + x;
        to[at] = (from[at - 1] + from[at + 1] + from[at - side] + from[at + side]) * 0.25;
      }
    }
    const swap = from;
    from = to;
    to = swap;
  }
  let sum: f32 = 0;
  for (let at = 0; at < from.length; at++) sum += from[at];
  return sum;
}

function queens(all: u32, columns: u32, left: u32, right: u32): i32 {
  if (columns == all) return 1;
  let count = 0;
  for (let free = all & ~(columns | left | right); free; free &= free - 1) {
    const bit = free & -free;
    count += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}

print(mandelbrot(120).toString());
print(life(64, 40).toString());
print(heapsort(30000).toString());
print(collatz(12000).toString());
print(knapsack(100, 8000).toString());
print(hash(60).toString());
print((bodies(8000) * 1e6).toString().slice(0, 8));
print(blur(64, 60).toString().slice(0, 5));
print(queens(511, 0, 0, 0).toString());
