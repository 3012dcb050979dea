// Texts, maps, arrays and objects: what the runtime and the garbage collector do.

import { Noise, print } from "./shared";

class Tree {
  left: Tree | null = null;
  right: Tree | null = null;
  count: i32 = 1;

  constructor(public key: u32) {}

  insert(key: u32): void {
    let tree: Tree = this;
    while (true) {
      if (key == tree.key) {
        tree.count++;
        return;
      }
      const next = key < tree.key ? tree.left : tree.right;
      if (next) {
        tree = next;
        continue;
      }
      if (key < tree.key) tree.left = new Tree(key);
      else tree.right = new Tree(key);
      return;
    }
  }

  sum(depth: i32): i64 {
    let sum: i64 = <i64>this.key * this.count ^ depth;
    const left = this.left, right = this.right;
    if (left) sum += left.sum(depth + 1);
    if (right) sum += right.sum(depth + 1);
    return sum;
  }
}

abstract class Shape {
  abstract area(): f64;
}

class Box extends Shape {
  constructor(public width: f64, public height: f64) {
    super();
  }
  area(): f64 {
    return this.width * this.height;
  }
}

class Disc extends Shape {
  constructor(public radius: f64) {
    super();
  }
  area(): f64 {
    return this.radius * this.radius * Math.PI;
  }
}

// Computes what a text in reverse Polish notation says.
function compute(text: string): f64 {
  const stack: f64[] = [];
  const words = text.split(" ");
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word == "+") stack.push(stack.pop() + stack.pop());
    else if (word == "*") stack.push(stack.pop() * stack.pop());
    else if (word == "-") stack.push(-(stack.pop() - stack.pop()));
    else stack.push(parseFloat(word));
  }
  return stack.pop();
}

const noise = new Noise(4);

const tree = new Tree(0x80000000);
for (let i = 0; i < 20000; i++) tree.insert(noise.next() % 50000 * 80000);
print(tree.sum(0).toString());

const counts = new Map<string, i32>();
const text = "the quick brown fox jumps over the lazy dog while the other animals of the forest sleep and dream of the day";
for (let round = 0; round < 100; round++) {
  const words = text.split(" ");
  for (let at = 0; at < words.length; at++) {
    const word = words[at] + (round % 5).toString();
    counts.set(word, counts.has(word) ? counts.get(word) + 1 : 1);
  }
}
const keys = counts.keys();
keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
print(keys.slice(0, 6).join(",") + " " + counts.get("the3").toString());

const numbers = new Map<i32, u32>();
const seen = new Set<u32>();
for (let i = 0; i < 60000; i++) {
  const x = noise.next();
  numbers.set(x % 3001, x ^ i);
  seen.add(x % 20011);
  if (i % 5 == 0) seen.delete(x % 997);
}
print(numbers.size.toString() + " " + seen.size.toString());

const shapes: Shape[] = [];
for (let i = 0; i < 20000; i++) {
  if (noise.next() % 2) shapes.push(new Box(<f64>(i % 10), <f64>(i % 7)));
  else shapes.push(new Disc(<f64>(i % 5)));
}
let area = 0.0;
for (let round = 0; round < 20; round++) {
  for (let i = 0; i < shapes.length; i++) area += shapes[i].area();
}
print(area.toString().slice(0, 10));

let total = 0.0;
for (let i = 0; i < 1500; i++) total += compute(`${i} 2.5 * 7 3 - + ${i % 13} 4 + *`);
print(total.toString());

const list: i32[] = [];
for (let i = 0; i < 20000; i++) list.push(<i32>(noise.next() % 100000));
list.sort((a, b) => a - b);
const even = list.filter((x) => x % 2 == 0).map<i32>((x) => x / 2);
print(even.reduce<i64>((sum, x) => sum * 3 + x, 0).toString() + " " + list.indexOf(list[15000]).toString());

let changed = "";
for (let i = 0; i < 300; i++) changed = changed + String.fromCharCode(97 + (i % 26));
changed = changed.replaceAll("abc", "ABCD").toUpperCase();
print(changed.length.toString() + " " + changed.lastIndexOf("XYZ").toString() + " " + changed.charCodeAt(77).toString());
