
/** Module 0: queues, matching, and some arithmetic. */
import { map0, filter as keep0 } from "./list0.js";
const LIMIT_0 = 0x11 ** 2, names0 = [`a${LIMIT_0}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue0 extends Array {
  #head = 0; static made = 0;
  constructor(items = [], { limit = LIMIT_0, ...rest } = {}) {
    super(); Queue0.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep0(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 3; }
  }
}
export function walk0(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk0(left, visit, depth + 1); return walk0(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk0(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 0);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label0: for (var i0 = 0, j0 = 9; i0 < j0; i0++, j0--) { if (i0 % 2) continue label0; map0(names0, function* (x) { yield* x; }); }

/** Module 1: queues, matching, and some arithmetic. */
import { map1, filter as keep1 } from "./list1.js";
const LIMIT_1 = 0x12 ** 2, names1 = [`a${LIMIT_1}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue1 extends Array {
  #head = 1; static made = 0;
  constructor(items = [], { limit = LIMIT_1, ...rest } = {}) {
    super(); Queue1.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep1(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 4; }
  }
}
export function walk1(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk1(left, visit, depth + 1); return walk1(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk1(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 1);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label1: for (var i1 = 0, j1 = 9; i1 < j1; i1++, j1--) { if (i1 % 2) continue label1; map1(names1, function* (x) { yield* x; }); }

/** Module 2: queues, matching, and some arithmetic. */
import { map2, filter as keep2 } from "./list2.js";
const LIMIT_2 = 0x13 ** 2, names2 = [`a${LIMIT_2}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue2 extends Array {
  #head = 2; static made = 0;
  constructor(items = [], { limit = LIMIT_2, ...rest } = {}) {
    super(); Queue2.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep2(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 5; }
  }
}
export function walk2(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk2(left, visit, depth + 1); return walk2(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk2(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 2);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label2: for (var i2 = 0, j2 = 9; i2 < j2; i2++, j2--) { if (i2 % 2) continue label2; map2(names2, function* (x) { yield* x; }); }

/** Module 3: queues, matching, and some arithmetic. */
import { map3, filter as keep3 } from "./list3.js";
const LIMIT_3 = 0x14 ** 2, names3 = [`a${LIMIT_3}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue3 extends Array {
  #head = 3; static made = 0;
  constructor(items = [], { limit = LIMIT_3, ...rest } = {}) {
    super(); Queue3.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep3(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 6; }
  }
}
export function walk3(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk3(left, visit, depth + 1); return walk3(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk3(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 3);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label3: for (var i3 = 0, j3 = 9; i3 < j3; i3++, j3--) { if (i3 % 2) continue label3; map3(names3, function* (x) { yield* x; }); }

/** Module 4: queues, matching, and some arithmetic. */
import { map4, filter as keep4 } from "./list4.js";
const LIMIT_4 = 0x15 ** 2, names4 = [`a${LIMIT_4}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue4 extends Array {
  #head = 4; static made = 0;
  constructor(items = [], { limit = LIMIT_4, ...rest } = {}) {
    super(); Queue4.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep4(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 7; }
  }
}
export function walk4(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk4(left, visit, depth + 1); return walk4(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk4(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 4);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label4: for (var i4 = 0, j4 = 9; i4 < j4; i4++, j4--) { if (i4 % 2) continue label4; map4(names4, function* (x) { yield* x; }); }

/** Module 5: queues, matching, and some arithmetic. */
import { map5, filter as keep5 } from "./list5.js";
const LIMIT_5 = 0x16 ** 2, names5 = [`a${LIMIT_5}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue5 extends Array {
  #head = 5; static made = 0;
  constructor(items = [], { limit = LIMIT_5, ...rest } = {}) {
    super(); Queue5.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep5(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 8; }
  }
}
export function walk5(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk5(left, visit, depth + 1); return walk5(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk5(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 5);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label5: for (var i5 = 0, j5 = 9; i5 < j5; i5++, j5--) { if (i5 % 2) continue label5; map5(names5, function* (x) { yield* x; }); }

/** Module 6: queues, matching, and some arithmetic. */
import { map6, filter as keep6 } from "./list6.js";
const LIMIT_6 = 0x17 ** 2, names6 = [`a${LIMIT_6}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue6 extends Array {
  #head = 6; static made = 0;
  constructor(items = [], { limit = LIMIT_6, ...rest } = {}) {
    super(); Queue6.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep6(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 9; }
  }
}
export function walk6(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk6(left, visit, depth + 1); return walk6(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk6(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 6);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label6: for (var i6 = 0, j6 = 9; i6 < j6; i6++, j6--) { if (i6 % 2) continue label6; map6(names6, function* (x) { yield* x; }); }

/** Module 7: queues, matching, and some arithmetic. */
import { map7, filter as keep7 } from "./list7.js";
const LIMIT_7 = 0x18 ** 2, names7 = [`a${LIMIT_7}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue7 extends Array {
  #head = 7; static made = 0;
  constructor(items = [], { limit = LIMIT_7, ...rest } = {}) {
    super(); Queue7.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep7(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 10; }
  }
}
export function walk7(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk7(left, visit, depth + 1); return walk7(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk7(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 7);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label7: for (var i7 = 0, j7 = 9; i7 < j7; i7++, j7--) { if (i7 % 2) continue label7; map7(names7, function* (x) { yield* x; }); }

/** Module 8: queues, matching, and some arithmetic. */
import { map8, filter as keep8 } from "./list8.js";
const LIMIT_8 = 0x19 ** 2, names8 = [`a${LIMIT_8}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue8 extends Array {
  #head = 8; static made = 0;
  constructor(items = [], { limit = LIMIT_8, ...rest } = {}) {
    super(); Queue8.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep8(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 11; }
  }
}
export function walk8(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk8(left, visit, depth + 1); return walk8(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk8(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 8);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label8: for (var i8 = 0, j8 = 9; i8 < j8; i8++, j8--) { if (i8 % 2) continue label8; map8(names8, function* (x) { yield* x; }); }

/** Module 9: queues, matching, and some arithmetic. */
import { map9, filter as keep9 } from "./list9.js";
const LIMIT_9 = 0x1a ** 2, names9 = [`a${LIMIT_9}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue9 extends Array {
  #head = 9; static made = 0;
  constructor(items = [], { limit = LIMIT_9, ...rest } = {}) {
    super(); Queue9.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep9(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 12; }
  }
}
export function walk9(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk9(left, visit, depth + 1); return walk9(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk9(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 9);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label9: for (var i9 = 0, j9 = 9; i9 < j9; i9++, j9--) { if (i9 % 2) continue label9; map9(names9, function* (x) { yield* x; }); }

/** Module 10: queues, matching, and some arithmetic. */
import { map10, filter as keep10 } from "./list10.js";
const LIMIT_10 = 0x1b ** 2, names10 = [`a${LIMIT_10}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue10 extends Array {
  #head = 10; static made = 0;
  constructor(items = [], { limit = LIMIT_10, ...rest } = {}) {
    super(); Queue10.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep10(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 13; }
  }
}
export function walk10(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk10(left, visit, depth + 1); return walk10(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk10(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 10);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label10: for (var i10 = 0, j10 = 9; i10 < j10; i10++, j10--) { if (i10 % 2) continue label10; map10(names10, function* (x) { yield* x; }); }

/** Module 11: queues, matching, and some arithmetic. */
import { map11, filter as keep11 } from "./list11.js";
const LIMIT_11 = 0x1c ** 2, names11 = [`a${LIMIT_11}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue11 extends Array {
  #head = 11; static made = 0;
  constructor(items = [], { limit = LIMIT_11, ...rest } = {}) {
    super(); Queue11.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep11(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 14; }
  }
}
export function walk11(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk11(left, visit, depth + 1); return walk11(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk11(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 11);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label11: for (var i11 = 0, j11 = 9; i11 < j11; i11++, j11--) { if (i11 % 2) continue label11; map11(names11, function* (x) { yield* x; }); }

/** Module 12: queues, matching, and some arithmetic. */
import { map12, filter as keep12 } from "./list12.js";
const LIMIT_12 = 0x1d ** 2, names12 = [`a${LIMIT_12}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue12 extends Array {
  #head = 12; static made = 0;
  constructor(items = [], { limit = LIMIT_12, ...rest } = {}) {
    super(); Queue12.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep12(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 15; }
  }
}
export function walk12(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk12(left, visit, depth + 1); return walk12(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk12(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 12);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label12: for (var i12 = 0, j12 = 9; i12 < j12; i12++, j12--) { if (i12 % 2) continue label12; map12(names12, function* (x) { yield* x; }); }

/** Module 13: queues, matching, and some arithmetic. */
import { map13, filter as keep13 } from "./list13.js";
const LIMIT_13 = 0x1e ** 2, names13 = [`a${LIMIT_13}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue13 extends Array {
  #head = 13; static made = 0;
  constructor(items = [], { limit = LIMIT_13, ...rest } = {}) {
    super(); Queue13.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep13(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 16; }
  }
}
export function walk13(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk13(left, visit, depth + 1); return walk13(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk13(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 13);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label13: for (var i13 = 0, j13 = 9; i13 < j13; i13++, j13--) { if (i13 % 2) continue label13; map13(names13, function* (x) { yield* x; }); }

/** Module 14: queues, matching, and some arithmetic. */
import { map14, filter as keep14 } from "./list14.js";
const LIMIT_14 = 0x1f ** 2, names14 = [`a${LIMIT_14}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue14 extends Array {
  #head = 14; static made = 0;
  constructor(items = [], { limit = LIMIT_14, ...rest } = {}) {
    super(); Queue14.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep14(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 17; }
  }
}
export function walk14(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk14(left, visit, depth + 1); return walk14(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk14(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 14);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label14: for (var i14 = 0, j14 = 9; i14 < j14; i14++, j14--) { if (i14 % 2) continue label14; map14(names14, function* (x) { yield* x; }); }

/** Module 15: queues, matching, and some arithmetic. */
import { map15, filter as keep15 } from "./list15.js";
const LIMIT_15 = 0x20 ** 2, names15 = [`a${LIMIT_15}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue15 extends Array {
  #head = 15; static made = 0;
  constructor(items = [], { limit = LIMIT_15, ...rest } = {}) {
    super(); Queue15.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep15(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 18; }
  }
}
export function walk15(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk15(left, visit, depth + 1); return walk15(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk15(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 15);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label15: for (var i15 = 0, j15 = 9; i15 < j15; i15++, j15--) { if (i15 % 2) continue label15; map15(names15, function* (x) { yield* x; }); }

/** Module 16: queues, matching, and some arithmetic. */
import { map16, filter as keep16 } from "./list16.js";
const LIMIT_16 = 0x21 ** 2, names16 = [`a${LIMIT_16}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue16 extends Array {
  #head = 16; static made = 0;
  constructor(items = [], { limit = LIMIT_16, ...rest } = {}) {
    super(); Queue16.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep16(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 19; }
  }
}
export function walk16(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk16(left, visit, depth + 1); return walk16(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk16(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 16);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label16: for (var i16 = 0, j16 = 9; i16 < j16; i16++, j16--) { if (i16 % 2) continue label16; map16(names16, function* (x) { yield* x; }); }

/** Module 17: queues, matching, and some arithmetic. */
import { map17, filter as keep17 } from "./list17.js";
const LIMIT_17 = 0x22 ** 2, names17 = [`a${LIMIT_17}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue17 extends Array {
  #head = 17; static made = 0;
  constructor(items = [], { limit = LIMIT_17, ...rest } = {}) {
    super(); Queue17.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep17(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 20; }
  }
}
export function walk17(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk17(left, visit, depth + 1); return walk17(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk17(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 17);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label17: for (var i17 = 0, j17 = 9; i17 < j17; i17++, j17--) { if (i17 % 2) continue label17; map17(names17, function* (x) { yield* x; }); }

/** Module 18: queues, matching, and some arithmetic. */
import { map18, filter as keep18 } from "./list18.js";
const LIMIT_18 = 0x23 ** 2, names18 = [`a${LIMIT_18}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue18 extends Array {
  #head = 18; static made = 0;
  constructor(items = [], { limit = LIMIT_18, ...rest } = {}) {
    super(); Queue18.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep18(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 21; }
  }
}
export function walk18(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk18(left, visit, depth + 1); return walk18(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk18(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 18);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label18: for (var i18 = 0, j18 = 9; i18 < j18; i18++, j18--) { if (i18 % 2) continue label18; map18(names18, function* (x) { yield* x; }); }

/** Module 19: queues, matching, and some arithmetic. */
import { map19, filter as keep19 } from "./list19.js";
const LIMIT_19 = 0x24 ** 2, names19 = [`a${LIMIT_19}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue19 extends Array {
  #head = 19; static made = 0;
  constructor(items = [], { limit = LIMIT_19, ...rest } = {}) {
    super(); Queue19.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep19(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 22; }
  }
}
export function walk19(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk19(left, visit, depth + 1); return walk19(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk19(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 19);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label19: for (var i19 = 0, j19 = 9; i19 < j19; i19++, j19--) { if (i19 % 2) continue label19; map19(names19, function* (x) { yield* x; }); }

/** Module 20: queues, matching, and some arithmetic. */
import { map20, filter as keep20 } from "./list20.js";
const LIMIT_20 = 0x25 ** 2, names20 = [`a${LIMIT_20}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue20 extends Array {
  #head = 20; static made = 0;
  constructor(items = [], { limit = LIMIT_20, ...rest } = {}) {
    super(); Queue20.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep20(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 23; }
  }
}
export function walk20(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk20(left, visit, depth + 1); return walk20(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk20(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 20);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label20: for (var i20 = 0, j20 = 9; i20 < j20; i20++, j20--) { if (i20 % 2) continue label20; map20(names20, function* (x) { yield* x; }); }

/** Module 21: queues, matching, and some arithmetic. */
import { map21, filter as keep21 } from "./list21.js";
const LIMIT_21 = 0x26 ** 2, names21 = [`a${LIMIT_21}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue21 extends Array {
  #head = 21; static made = 0;
  constructor(items = [], { limit = LIMIT_21, ...rest } = {}) {
    super(); Queue21.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep21(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 24; }
  }
}
export function walk21(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk21(left, visit, depth + 1); return walk21(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk21(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 21);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label21: for (var i21 = 0, j21 = 9; i21 < j21; i21++, j21--) { if (i21 % 2) continue label21; map21(names21, function* (x) { yield* x; }); }

/** Module 22: queues, matching, and some arithmetic. */
import { map22, filter as keep22 } from "./list22.js";
const LIMIT_22 = 0x27 ** 2, names22 = [`a${LIMIT_22}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue22 extends Array {
  #head = 22; static made = 0;
  constructor(items = [], { limit = LIMIT_22, ...rest } = {}) {
    super(); Queue22.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep22(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 25; }
  }
}
export function walk22(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk22(left, visit, depth + 1); return walk22(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk22(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 22);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label22: for (var i22 = 0, j22 = 9; i22 < j22; i22++, j22--) { if (i22 % 2) continue label22; map22(names22, function* (x) { yield* x; }); }

/** Module 23: queues, matching, and some arithmetic. */
import { map23, filter as keep23 } from "./list23.js";
const LIMIT_23 = 0x28 ** 2, names23 = [`a${LIMIT_23}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue23 extends Array {
  #head = 23; static made = 0;
  constructor(items = [], { limit = LIMIT_23, ...rest } = {}) {
    super(); Queue23.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep23(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 26; }
  }
}
export function walk23(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk23(left, visit, depth + 1); return walk23(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk23(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 23);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label23: for (var i23 = 0, j23 = 9; i23 < j23; i23++, j23--) { if (i23 % 2) continue label23; map23(names23, function* (x) { yield* x; }); }

/** Module 24: queues, matching, and some arithmetic. */
import { map24, filter as keep24 } from "./list24.js";
const LIMIT_24 = 0x29 ** 2, names24 = [`a${LIMIT_24}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue24 extends Array {
  #head = 24; static made = 0;
  constructor(items = [], { limit = LIMIT_24, ...rest } = {}) {
    super(); Queue24.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep24(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 27; }
  }
}
export function walk24(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk24(left, visit, depth + 1); return walk24(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk24(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 24);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label24: for (var i24 = 0, j24 = 9; i24 < j24; i24++, j24--) { if (i24 % 2) continue label24; map24(names24, function* (x) { yield* x; }); }

/** Module 25: queues, matching, and some arithmetic. */
import { map25, filter as keep25 } from "./list25.js";
const LIMIT_25 = 0x2a ** 2, names25 = [`a${LIMIT_25}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue25 extends Array {
  #head = 25; static made = 0;
  constructor(items = [], { limit = LIMIT_25, ...rest } = {}) {
    super(); Queue25.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep25(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 28; }
  }
}
export function walk25(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk25(left, visit, depth + 1); return walk25(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk25(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 25);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label25: for (var i25 = 0, j25 = 9; i25 < j25; i25++, j25--) { if (i25 % 2) continue label25; map25(names25, function* (x) { yield* x; }); }

/** Module 26: queues, matching, and some arithmetic. */
import { map26, filter as keep26 } from "./list26.js";
const LIMIT_26 = 0x2b ** 2, names26 = [`a${LIMIT_26}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue26 extends Array {
  #head = 26; static made = 0;
  constructor(items = [], { limit = LIMIT_26, ...rest } = {}) {
    super(); Queue26.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep26(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 29; }
  }
}
export function walk26(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk26(left, visit, depth + 1); return walk26(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk26(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 26);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label26: for (var i26 = 0, j26 = 9; i26 < j26; i26++, j26--) { if (i26 % 2) continue label26; map26(names26, function* (x) { yield* x; }); }

/** Module 27: queues, matching, and some arithmetic. */
import { map27, filter as keep27 } from "./list27.js";
const LIMIT_27 = 0x2c ** 2, names27 = [`a${LIMIT_27}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue27 extends Array {
  #head = 27; static made = 0;
  constructor(items = [], { limit = LIMIT_27, ...rest } = {}) {
    super(); Queue27.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep27(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 30; }
  }
}
export function walk27(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk27(left, visit, depth + 1); return walk27(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk27(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 27);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label27: for (var i27 = 0, j27 = 9; i27 < j27; i27++, j27--) { if (i27 % 2) continue label27; map27(names27, function* (x) { yield* x; }); }

/** Module 28: queues, matching, and some arithmetic. */
import { map28, filter as keep28 } from "./list28.js";
const LIMIT_28 = 0x2d ** 2, names28 = [`a${LIMIT_28}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue28 extends Array {
  #head = 28; static made = 0;
  constructor(items = [], { limit = LIMIT_28, ...rest } = {}) {
    super(); Queue28.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep28(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 31; }
  }
}
export function walk28(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk28(left, visit, depth + 1); return walk28(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk28(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 28);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label28: for (var i28 = 0, j28 = 9; i28 < j28; i28++, j28--) { if (i28 % 2) continue label28; map28(names28, function* (x) { yield* x; }); }

/** Module 29: queues, matching, and some arithmetic. */
import { map29, filter as keep29 } from "./list29.js";
const LIMIT_29 = 0x2e ** 2, names29 = [`a${LIMIT_29}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue29 extends Array {
  #head = 29; static made = 0;
  constructor(items = [], { limit = LIMIT_29, ...rest } = {}) {
    super(); Queue29.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep29(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 32; }
  }
}
export function walk29(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk29(left, visit, depth + 1); return walk29(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk29(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 29);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label29: for (var i29 = 0, j29 = 9; i29 < j29; i29++, j29--) { if (i29 % 2) continue label29; map29(names29, function* (x) { yield* x; }); }

/** Module 30: queues, matching, and some arithmetic. */
import { map30, filter as keep30 } from "./list30.js";
const LIMIT_30 = 0x2f ** 2, names30 = [`a${LIMIT_30}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue30 extends Array {
  #head = 30; static made = 0;
  constructor(items = [], { limit = LIMIT_30, ...rest } = {}) {
    super(); Queue30.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep30(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 33; }
  }
}
export function walk30(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk30(left, visit, depth + 1); return walk30(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk30(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 30);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label30: for (var i30 = 0, j30 = 9; i30 < j30; i30++, j30--) { if (i30 % 2) continue label30; map30(names30, function* (x) { yield* x; }); }

/** Module 31: queues, matching, and some arithmetic. */
import { map31, filter as keep31 } from "./list31.js";
const LIMIT_31 = 0x30 ** 2, names31 = [`a${LIMIT_31}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue31 extends Array {
  #head = 31; static made = 0;
  constructor(items = [], { limit = LIMIT_31, ...rest } = {}) {
    super(); Queue31.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep31(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 34; }
  }
}
export function walk31(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk31(left, visit, depth + 1); return walk31(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk31(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 31);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label31: for (var i31 = 0, j31 = 9; i31 < j31; i31++, j31--) { if (i31 % 2) continue label31; map31(names31, function* (x) { yield* x; }); }

/** Module 32: queues, matching, and some arithmetic. */
import { map32, filter as keep32 } from "./list32.js";
const LIMIT_32 = 0x31 ** 2, names32 = [`a${LIMIT_32}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue32 extends Array {
  #head = 32; static made = 0;
  constructor(items = [], { limit = LIMIT_32, ...rest } = {}) {
    super(); Queue32.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep32(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 35; }
  }
}
export function walk32(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk32(left, visit, depth + 1); return walk32(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk32(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 32);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label32: for (var i32 = 0, j32 = 9; i32 < j32; i32++, j32--) { if (i32 % 2) continue label32; map32(names32, function* (x) { yield* x; }); }

/** Module 33: queues, matching, and some arithmetic. */
import { map33, filter as keep33 } from "./list33.js";
const LIMIT_33 = 0x32 ** 2, names33 = [`a${LIMIT_33}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue33 extends Array {
  #head = 33; static made = 0;
  constructor(items = [], { limit = LIMIT_33, ...rest } = {}) {
    super(); Queue33.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep33(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 36; }
  }
}
export function walk33(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk33(left, visit, depth + 1); return walk33(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk33(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 33);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label33: for (var i33 = 0, j33 = 9; i33 < j33; i33++, j33--) { if (i33 % 2) continue label33; map33(names33, function* (x) { yield* x; }); }

/** Module 34: queues, matching, and some arithmetic. */
import { map34, filter as keep34 } from "./list34.js";
const LIMIT_34 = 0x33 ** 2, names34 = [`a${LIMIT_34}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue34 extends Array {
  #head = 34; static made = 0;
  constructor(items = [], { limit = LIMIT_34, ...rest } = {}) {
    super(); Queue34.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep34(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 37; }
  }
}
export function walk34(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk34(left, visit, depth + 1); return walk34(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk34(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 34);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label34: for (var i34 = 0, j34 = 9; i34 < j34; i34++, j34--) { if (i34 % 2) continue label34; map34(names34, function* (x) { yield* x; }); }

/** Module 35: queues, matching, and some arithmetic. */
import { map35, filter as keep35 } from "./list35.js";
const LIMIT_35 = 0x34 ** 2, names35 = [`a${LIMIT_35}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue35 extends Array {
  #head = 35; static made = 0;
  constructor(items = [], { limit = LIMIT_35, ...rest } = {}) {
    super(); Queue35.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep35(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 38; }
  }
}
export function walk35(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk35(left, visit, depth + 1); return walk35(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk35(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 35);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label35: for (var i35 = 0, j35 = 9; i35 < j35; i35++, j35--) { if (i35 % 2) continue label35; map35(names35, function* (x) { yield* x; }); }

/** Module 36: queues, matching, and some arithmetic. */
import { map36, filter as keep36 } from "./list36.js";
const LIMIT_36 = 0x35 ** 2, names36 = [`a${LIMIT_36}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue36 extends Array {
  #head = 36; static made = 0;
  constructor(items = [], { limit = LIMIT_36, ...rest } = {}) {
    super(); Queue36.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep36(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 39; }
  }
}
export function walk36(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk36(left, visit, depth + 1); return walk36(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk36(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 36);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label36: for (var i36 = 0, j36 = 9; i36 < j36; i36++, j36--) { if (i36 % 2) continue label36; map36(names36, function* (x) { yield* x; }); }

/** Module 37: queues, matching, and some arithmetic. */
import { map37, filter as keep37 } from "./list37.js";
const LIMIT_37 = 0x36 ** 2, names37 = [`a${LIMIT_37}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue37 extends Array {
  #head = 37; static made = 0;
  constructor(items = [], { limit = LIMIT_37, ...rest } = {}) {
    super(); Queue37.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep37(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 40; }
  }
}
export function walk37(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk37(left, visit, depth + 1); return walk37(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk37(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 37);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label37: for (var i37 = 0, j37 = 9; i37 < j37; i37++, j37--) { if (i37 % 2) continue label37; map37(names37, function* (x) { yield* x; }); }

/** Module 38: queues, matching, and some arithmetic. */
import { map38, filter as keep38 } from "./list38.js";
const LIMIT_38 = 0x37 ** 2, names38 = [`a${LIMIT_38}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue38 extends Array {
  #head = 38; static made = 0;
  constructor(items = [], { limit = LIMIT_38, ...rest } = {}) {
    super(); Queue38.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep38(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 41; }
  }
}
export function walk38(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk38(left, visit, depth + 1); return walk38(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk38(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 38);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label38: for (var i38 = 0, j38 = 9; i38 < j38; i38++, j38--) { if (i38 % 2) continue label38; map38(names38, function* (x) { yield* x; }); }

/** Module 39: queues, matching, and some arithmetic. */
import { map39, filter as keep39 } from "./list39.js";
const LIMIT_39 = 0x38 ** 2, names39 = [`a${LIMIT_39}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue39 extends Array {
  #head = 39; static made = 0;
  constructor(items = [], { limit = LIMIT_39, ...rest } = {}) {
    super(); Queue39.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep39(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 42; }
  }
}
export function walk39(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk39(left, visit, depth + 1); return walk39(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk39(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 39);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label39: for (var i39 = 0, j39 = 9; i39 < j39; i39++, j39--) { if (i39 % 2) continue label39; map39(names39, function* (x) { yield* x; }); }

/** Module 40: queues, matching, and some arithmetic. */
import { map40, filter as keep40 } from "./list40.js";
const LIMIT_40 = 0x39 ** 2, names40 = [`a${LIMIT_40}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue40 extends Array {
  #head = 40; static made = 0;
  constructor(items = [], { limit = LIMIT_40, ...rest } = {}) {
    super(); Queue40.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep40(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 43; }
  }
}
export function walk40(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk40(left, visit, depth + 1); return walk40(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk40(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 40);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label40: for (var i40 = 0, j40 = 9; i40 < j40; i40++, j40--) { if (i40 % 2) continue label40; map40(names40, function* (x) { yield* x; }); }

/** Module 41: queues, matching, and some arithmetic. */
import { map41, filter as keep41 } from "./list41.js";
const LIMIT_41 = 0x3a ** 2, names41 = [`a${LIMIT_41}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue41 extends Array {
  #head = 41; static made = 0;
  constructor(items = [], { limit = LIMIT_41, ...rest } = {}) {
    super(); Queue41.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep41(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 44; }
  }
}
export function walk41(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk41(left, visit, depth + 1); return walk41(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk41(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 41);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label41: for (var i41 = 0, j41 = 9; i41 < j41; i41++, j41--) { if (i41 % 2) continue label41; map41(names41, function* (x) { yield* x; }); }

/** Module 42: queues, matching, and some arithmetic. */
import { map42, filter as keep42 } from "./list42.js";
const LIMIT_42 = 0x3b ** 2, names42 = [`a${LIMIT_42}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue42 extends Array {
  #head = 42; static made = 0;
  constructor(items = [], { limit = LIMIT_42, ...rest } = {}) {
    super(); Queue42.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep42(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 45; }
  }
}
export function walk42(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk42(left, visit, depth + 1); return walk42(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk42(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 42);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label42: for (var i42 = 0, j42 = 9; i42 < j42; i42++, j42--) { if (i42 % 2) continue label42; map42(names42, function* (x) { yield* x; }); }

/** Module 43: queues, matching, and some arithmetic. */
import { map43, filter as keep43 } from "./list43.js";
const LIMIT_43 = 0x3c ** 2, names43 = [`a${LIMIT_43}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue43 extends Array {
  #head = 43; static made = 0;
  constructor(items = [], { limit = LIMIT_43, ...rest } = {}) {
    super(); Queue43.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep43(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 46; }
  }
}
export function walk43(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk43(left, visit, depth + 1); return walk43(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk43(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 43);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label43: for (var i43 = 0, j43 = 9; i43 < j43; i43++, j43--) { if (i43 % 2) continue label43; map43(names43, function* (x) { yield* x; }); }

/** Module 44: queues, matching, and some arithmetic. */
import { map44, filter as keep44 } from "./list44.js";
const LIMIT_44 = 0x3d ** 2, names44 = [`a${LIMIT_44}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue44 extends Array {
  #head = 44; static made = 0;
  constructor(items = [], { limit = LIMIT_44, ...rest } = {}) {
    super(); Queue44.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep44(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 47; }
  }
}
export function walk44(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk44(left, visit, depth + 1); return walk44(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk44(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 44);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label44: for (var i44 = 0, j44 = 9; i44 < j44; i44++, j44--) { if (i44 % 2) continue label44; map44(names44, function* (x) { yield* x; }); }

/** Module 45: queues, matching, and some arithmetic. */
import { map45, filter as keep45 } from "./list45.js";
const LIMIT_45 = 0x3e ** 2, names45 = [`a${LIMIT_45}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue45 extends Array {
  #head = 45; static made = 0;
  constructor(items = [], { limit = LIMIT_45, ...rest } = {}) {
    super(); Queue45.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep45(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 48; }
  }
}
export function walk45(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk45(left, visit, depth + 1); return walk45(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk45(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 45);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label45: for (var i45 = 0, j45 = 9; i45 < j45; i45++, j45--) { if (i45 % 2) continue label45; map45(names45, function* (x) { yield* x; }); }

/** Module 46: queues, matching, and some arithmetic. */
import { map46, filter as keep46 } from "./list46.js";
const LIMIT_46 = 0x3f ** 2, names46 = [`a${LIMIT_46}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue46 extends Array {
  #head = 46; static made = 0;
  constructor(items = [], { limit = LIMIT_46, ...rest } = {}) {
    super(); Queue46.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep46(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 49; }
  }
}
export function walk46(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk46(left, visit, depth + 1); return walk46(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk46(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 46);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label46: for (var i46 = 0, j46 = 9; i46 < j46; i46++, j46--) { if (i46 % 2) continue label46; map46(names46, function* (x) { yield* x; }); }

/** Module 47: queues, matching, and some arithmetic. */
import { map47, filter as keep47 } from "./list47.js";
const LIMIT_47 = 0x40 ** 2, names47 = [`a${LIMIT_47}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue47 extends Array {
  #head = 47; static made = 0;
  constructor(items = [], { limit = LIMIT_47, ...rest } = {}) {
    super(); Queue47.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep47(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 50; }
  }
}
export function walk47(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk47(left, visit, depth + 1); return walk47(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk47(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 47);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label47: for (var i47 = 0, j47 = 9; i47 < j47; i47++, j47--) { if (i47 % 2) continue label47; map47(names47, function* (x) { yield* x; }); }

/** Module 48: queues, matching, and some arithmetic. */
import { map48, filter as keep48 } from "./list48.js";
const LIMIT_48 = 0x41 ** 2, names48 = [`a${LIMIT_48}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue48 extends Array {
  #head = 48; static made = 0;
  constructor(items = [], { limit = LIMIT_48, ...rest } = {}) {
    super(); Queue48.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep48(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 51; }
  }
}
export function walk48(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk48(left, visit, depth + 1); return walk48(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk48(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 48);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label48: for (var i48 = 0, j48 = 9; i48 < j48; i48++, j48--) { if (i48 % 2) continue label48; map48(names48, function* (x) { yield* x; }); }

/** Module 49: queues, matching, and some arithmetic. */
import { map49, filter as keep49 } from "./list49.js";
const LIMIT_49 = 0x42 ** 2, names49 = [`a${LIMIT_49}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue49 extends Array {
  #head = 49; static made = 0;
  constructor(items = [], { limit = LIMIT_49, ...rest } = {}) {
    super(); Queue49.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep49(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 52; }
  }
}
export function walk49(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk49(left, visit, depth + 1); return walk49(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk49(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 49);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label49: for (var i49 = 0, j49 = 9; i49 < j49; i49++, j49--) { if (i49 % 2) continue label49; map49(names49, function* (x) { yield* x; }); }

/** Module 50: queues, matching, and some arithmetic. */
import { map50, filter as keep50 } from "./list50.js";
const LIMIT_50 = 0x43 ** 2, names50 = [`a${LIMIT_50}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue50 extends Array {
  #head = 50; static made = 0;
  constructor(items = [], { limit = LIMIT_50, ...rest } = {}) {
    super(); Queue50.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep50(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 53; }
  }
}
export function walk50(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk50(left, visit, depth + 1); return walk50(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk50(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 50);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label50: for (var i50 = 0, j50 = 9; i50 < j50; i50++, j50--) { if (i50 % 2) continue label50; map50(names50, function* (x) { yield* x; }); }

/** Module 51: queues, matching, and some arithmetic. */
import { map51, filter as keep51 } from "./list51.js";
const LIMIT_51 = 0x44 ** 2, names51 = [`a${LIMIT_51}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue51 extends Array {
  #head = 51; static made = 0;
  constructor(items = [], { limit = LIMIT_51, ...rest } = {}) {
    super(); Queue51.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep51(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 54; }
  }
}
export function walk51(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk51(left, visit, depth + 1); return walk51(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk51(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 51);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label51: for (var i51 = 0, j51 = 9; i51 < j51; i51++, j51--) { if (i51 % 2) continue label51; map51(names51, function* (x) { yield* x; }); }

/** Module 52: queues, matching, and some arithmetic. */
import { map52, filter as keep52 } from "./list52.js";
const LIMIT_52 = 0x45 ** 2, names52 = [`a${LIMIT_52}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue52 extends Array {
  #head = 52; static made = 0;
  constructor(items = [], { limit = LIMIT_52, ...rest } = {}) {
    super(); Queue52.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep52(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 55; }
  }
}
export function walk52(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk52(left, visit, depth + 1); return walk52(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk52(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 52);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label52: for (var i52 = 0, j52 = 9; i52 < j52; i52++, j52--) { if (i52 % 2) continue label52; map52(names52, function* (x) { yield* x; }); }

/** Module 53: queues, matching, and some arithmetic. */
import { map53, filter as keep53 } from "./list53.js";
const LIMIT_53 = 0x46 ** 2, names53 = [`a${LIMIT_53}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue53 extends Array {
  #head = 53; static made = 0;
  constructor(items = [], { limit = LIMIT_53, ...rest } = {}) {
    super(); Queue53.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep53(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 56; }
  }
}
export function walk53(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk53(left, visit, depth + 1); return walk53(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk53(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 53);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label53: for (var i53 = 0, j53 = 9; i53 < j53; i53++, j53--) { if (i53 % 2) continue label53; map53(names53, function* (x) { yield* x; }); }

/** Module 54: queues, matching, and some arithmetic. */
import { map54, filter as keep54 } from "./list54.js";
const LIMIT_54 = 0x47 ** 2, names54 = [`a${LIMIT_54}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue54 extends Array {
  #head = 54; static made = 0;
  constructor(items = [], { limit = LIMIT_54, ...rest } = {}) {
    super(); Queue54.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep54(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 57; }
  }
}
export function walk54(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk54(left, visit, depth + 1); return walk54(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk54(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 54);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label54: for (var i54 = 0, j54 = 9; i54 < j54; i54++, j54--) { if (i54 % 2) continue label54; map54(names54, function* (x) { yield* x; }); }

/** Module 55: queues, matching, and some arithmetic. */
import { map55, filter as keep55 } from "./list55.js";
const LIMIT_55 = 0x48 ** 2, names55 = [`a${LIMIT_55}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue55 extends Array {
  #head = 55; static made = 0;
  constructor(items = [], { limit = LIMIT_55, ...rest } = {}) {
    super(); Queue55.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep55(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 58; }
  }
}
export function walk55(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk55(left, visit, depth + 1); return walk55(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk55(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 55);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label55: for (var i55 = 0, j55 = 9; i55 < j55; i55++, j55--) { if (i55 % 2) continue label55; map55(names55, function* (x) { yield* x; }); }

/** Module 56: queues, matching, and some arithmetic. */
import { map56, filter as keep56 } from "./list56.js";
const LIMIT_56 = 0x49 ** 2, names56 = [`a${LIMIT_56}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue56 extends Array {
  #head = 56; static made = 0;
  constructor(items = [], { limit = LIMIT_56, ...rest } = {}) {
    super(); Queue56.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep56(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 59; }
  }
}
export function walk56(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk56(left, visit, depth + 1); return walk56(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk56(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 56);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label56: for (var i56 = 0, j56 = 9; i56 < j56; i56++, j56--) { if (i56 % 2) continue label56; map56(names56, function* (x) { yield* x; }); }

/** Module 57: queues, matching, and some arithmetic. */
import { map57, filter as keep57 } from "./list57.js";
const LIMIT_57 = 0x4a ** 2, names57 = [`a${LIMIT_57}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue57 extends Array {
  #head = 57; static made = 0;
  constructor(items = [], { limit = LIMIT_57, ...rest } = {}) {
    super(); Queue57.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep57(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 60; }
  }
}
export function walk57(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk57(left, visit, depth + 1); return walk57(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk57(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 57);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label57: for (var i57 = 0, j57 = 9; i57 < j57; i57++, j57--) { if (i57 % 2) continue label57; map57(names57, function* (x) { yield* x; }); }

/** Module 58: queues, matching, and some arithmetic. */
import { map58, filter as keep58 } from "./list58.js";
const LIMIT_58 = 0x4b ** 2, names58 = [`a${LIMIT_58}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue58 extends Array {
  #head = 58; static made = 0;
  constructor(items = [], { limit = LIMIT_58, ...rest } = {}) {
    super(); Queue58.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep58(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 61; }
  }
}
export function walk58(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk58(left, visit, depth + 1); return walk58(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk58(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 58);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label58: for (var i58 = 0, j58 = 9; i58 < j58; i58++, j58--) { if (i58 % 2) continue label58; map58(names58, function* (x) { yield* x; }); }

/** Module 59: queues, matching, and some arithmetic. */
import { map59, filter as keep59 } from "./list59.js";
const LIMIT_59 = 0x4c ** 2, names59 = [`a${LIMIT_59}`, 'b\n', "c", ...[1, 2.5e3, .5]];
export class Queue59 extends Array {
  #head = 59; static made = 0;
  constructor(items = [], { limit = LIMIT_59, ...rest } = {}) {
    super(); Queue59.made++; this.rest = rest ?? null;
    for (const item of items) if (this.length < limit) this.push(item); else break;
  }
  get head() { return this.#head; }
  *[Symbol.iterator]() { for (let at = 0; at < this.length; at += 1) yield this[at]; }
  async next(key, fallback) {
    try { const got = await keep59(this, (x) => x?.key === key && !x.done); return got[0] || fallback; }
    catch (error) { if (error instanceof TypeError) throw new Error(`no ${key}: ${error.message}`); }
    finally { this.#head = (this.#head + 1) % 62; }
  }
}
export function walk59(tree, visit, depth = 0) {
  switch (tree.kind) {
    case "leaf": return visit(tree, depth);
    case "pair": { const [left, right] = tree.kids; walk59(left, visit, depth + 1); return walk59(right, visit, depth + 1); }
    default: for (const kid in tree) if (/^k[0-9]+$/gi.test(kid)) walk59(tree[kid], visit, depth << 1 | 1);
  }
  let sum = 0; do { sum += depth & 3 ? depth * 2 - 1 : -depth / 4; } while (--depth > 0 && sum !== 59);
  return { sum, visit, ["k" + sum]: (a, b) => ({ a, b }), get size() { return sum >>> 2; } };
}
label59: for (var i59 = 0, j59 = 9; i59 < j59; i59++, j59--) { if (i59 % 2) continue label59; map59(names59, function* (x) { yield* x; }); }
