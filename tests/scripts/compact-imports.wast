;; Compact import sections, as text and as binaries: groups of imports from one module, and of one type.

(module $m
  (func (export "one") (result i32) (i32.const 1))
  (func (export "two") (result i32) (i32.const 2))
  (func (export "") (result i32) (i32.const 3))
  (global (export "g") i32 (i32.const 4))
  (memory (export "m") 1))
(register "m")

;; One module, items of their own types.
(module
  (import "m" (item "one" (func $one (result i32))) (item "g" (global $g i32)) (item "m" (memory 1)))
  (import "m" "two" (func $two (result i32)))
  (func (export "sum") (result i32)
    (i32.add (i32.add (call $one) (call $two)) (i32.add (global.get $g) (memory.size)))))
(assert_return (invoke "sum") (i32.const 8))

;; One module and one type.
(module
  (import "m" (item "one") (item "two") (item "") (func (result i32)))
  (func (export "sum") (result i32) (i32.add (i32.add (call 0) (call 1)) (call 2))))
(assert_return (invoke "sum") (i32.const 6))

;; A group may be empty.
(module binary
  "\00asm" "\01\00\00\00"
  "\01\05\01\60\00\01\7f"                     ;; type 0: [] -> [i32]
  "\02\0d\02"                                 ;; imports: two groups
  "\01m\00\7f\00"                             ;; of "m", no items
  "\01m\00\7e\00\00\00"                      ;; of "m", functions of type 0, no names
)

;; Both kinds of group, and a single import whose name is empty.
(module binary
  "\00asm" "\01\00\00\00"
  "\01\05\01\60\00\01\7f"                     ;; type 0: [] -> [i32]
  "\02\21\03"                                 ;; imports: three
  "\01m\00\7f\02\03one\00\00\01g\03\7f\00"    ;; "m": "one" is a function, "g" a global
  "\01m\00\7e\00\00\01\03two"                 ;; "m", functions of type 0: "two"
  "\01m\00\00\00"                             ;; "m" "", a function of type 0
  "\03\02\01\00"
  "\07\07\01\03sum\00\03"
  "\0a\0f\01\0d\00\10\00\10\01\6a\10\02\6a\23\00\6a\0b")
(assert_return (invoke "sum") (i32.const 10))

(assert_unlinkable
  (module (import "m" (item "one" (func (result i32))) (item "none" (func))))
  "unknown import")
(assert_unlinkable
  (module (import "m" (item "one") (item "g") (func (result i32))))
  "incompatible import type")

;; A group of a type that there is not, and one that ends too early.
(assert_invalid
  (module binary
    "\00asm" "\01\00\00\00"
    "\01\05\01\60\00\01\7f"
    "\02\0a\01\01m\00\7e\00\01\01\01f")
  "unknown type")
(assert_malformed
  (module binary
    "\00asm" "\01\00\00\00"
    "\01\05\01\60\00\01\7f"
    "\02\0a\01\01m\00\7f\02\01f\00\00")
  "unexpected end")
(assert_malformed
  (module binary
    "\00asm" "\01\00\00\00"
    "\01\05\01\60\00\01\7f"
    "\02\06\01\01m\00\7d\00")
  "malformed import kind")
