;; A typeidx names a type in one module alone, also where all types are as plain as in WebAssembly 1.0.

(module $a
  (type $f (func (param i64) (result i64)))
  (func $id (export "id") (type $f) (local.get 0))
  (global (export "g") (ref $f) (ref.func $id))
  (global (export "null") (ref null $f) (ref.null $f))
  (table (export "t") 1 2 (ref null $f) (ref.func $id)))
(register "a" $a)

;; The same typeidx, another type.
(assert_unlinkable
  (module (type $f (func (param i64) (result anyref))) (global (import "a" "g") (ref $f)))
  "incompatible import type")
(assert_unlinkable
  (module (type $f (func (param i64) (result anyref))) (global (import "a" "null") (ref null $f)))
  "incompatible import type")
(assert_unlinkable
  (module (type $f (func (param i64) (result anyref))) (table (import "a" "t") 1 (ref null $f)))
  "incompatible import type")
(assert_unlinkable
  (module (type (sub (func))) (type $f (func (param i64) (result anyref))) (global (import "a" "g") (ref $f)))
  "incompatible import type")

;; Another typeidx, the same type: among plain types, and behind a group.
(module (type (func)) (type $f (func (param i64) (result i64)))
  (global $g (import "a" "g") (ref $f))
  (table $t (import "a" "t") 1 (ref null $f))
  (func (export "f") (param i64) (result i64)
    (i64.add (call_ref $f (local.get 0) (global.get $g)) (call_ref $f (local.get 0) (table.get $t (i32.const 0))))))
(assert_return (invoke "f" (i64.const 21)) (i64.const 42))
(module (type (sub (func))) (type $f (func (param i64) (result i64)))
  (global $g (import "a" "g") (ref $f))
  (table $t (import "a" "t") 1 (ref null $f))
  (func (export "f") (param i64) (result i64)
    (i64.add (call_ref $f (local.get 0) (global.get $g)) (call_ref $f (local.get 0) (table.get $t (i32.const 0))))))
(assert_return (invoke "f" (i64.const 21)) (i64.const 42))

;; The same type twice in a module.
(module $b
  (type $f (func (result i32))) (type $g (func (result i32)))
  (func $x (type $f) (i32.const 3))
  (elem declare func $x)
  (global (export "g") (ref $g) (ref.func $x))
  (table (export "t") 1 (ref null $f) (ref.func $x)))
(register "b" $b)
(module (type $g (func (result i32)))
  (global $g (import "b" "g") (ref $g))
  (table $t (import "b" "t") 1 (ref null $g))
  (elem $e (ref null $g) (global.get $g))
  (func (export "f") (result i32) (local $l (ref null $g))
    (local.set $l (global.get $g))
    (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))
    (i32.add (call_ref $g (local.get $l)) (call_ref $g (table.get $t (i32.const 0))))))
(assert_return (invoke "f") (i32.const 6))
