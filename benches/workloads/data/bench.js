// Written for these benchmarks: a little of everything that scripts do.
"use strict";

function sieve(limit) {
  const composite = new Uint8Array(limit + 1);
  let count = 0;
  for (let i = 2; i <= limit; i++) {
    if (composite[i]) continue;
    count++;
    for (let j = i * i; j <= limit; j += i) composite[j] = 1;
  }
  return count;
}

function words(text) {
  const counts = new Map();
  for (const word of text.toLowerCase().split(/[^a-z]+/)) {
    if (word) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

class Vector {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
  plus(other) {
    return new Vector(this.x + other.x, this.y + other.y);
  }
  times(factor) {
    return new Vector(this.x * factor, this.y * factor);
  }
  get length() {
    return Math.sqrt(this.x * this.x + this.y * this.y);
  }
}

function orbit(steps) {
  let place = new Vector(1, 0), speed = new Vector(0, 1);
  for (let i = 0; i < steps; i++) {
    const pull = place.times(-1 / place.length ** 3);
    speed = speed.plus(pull.times(0.01));
    place = place.plus(speed.times(0.01));
  }
  return place.x.toFixed(6) + " " + place.y.toFixed(6);
}

function queens(n, row = 0, columns = 0, left = 0, right = 0) {
  if (row === n) return 1;
  let count = 0;
  for (let free = ((1 << n) - 1) & ~(columns | left | right); free; free &= free - 1) {
    const bit = free & -free;
    count += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}

function* tree(depth) {
  if (depth > 0) {
    yield* tree(depth - 1);
    yield depth;
    yield* tree(depth - 1);
  }
}

function big(n) {
  let product = 1n;
  for (let i = 2n; i <= n; i++) product *= i;
  return product % 1000000007n;
}

const text = "the warp and the weft, the shuttle and the pirn: a thread that crosses all the others. ".repeat(60);
print(sieve(60000));
print(words(text).slice(0, 4).join(" "));
print(orbit(4000));
print(queens(7));
print([...tree(10)].reduce((sum, depth) => (sum * 31 + depth) % 1000003, 7));
print(big(300n));
const records = [];
for (let i = 0; i < 600; i++) records.push({ id: i, name: `n${(i * 7919) % 601}`, tags: [i % 3, i % 5], nested: { even: i % 2 === 0 } });
const copy = JSON.parse(JSON.stringify(records));
copy.sort((a, b) => a.name.localeCompare(b.name));
print(copy.filter(({ nested }) => nested.even).map(({ id, tags: [a, b] }) => id * a + b).reduce((a, b) => a + b, 0));
print(text.replace(/(\w+) and (the \w+)/g, (_, a, b) => `${b}&${a}`).length);
