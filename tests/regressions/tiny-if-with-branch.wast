;; An `if` whose arm set a local and then branched away became a selection, and the branch was lost: the cell of both
;; statements was as long as the assignment's alone.
(module
  (func (export "br_if") (param i32 i32 i32) (result i32)
    (block $out
      (if (local.get 0) (then (local.set 2 (local.get 1)) (br_if $out (local.get 2))))
      (return (i32.const -1)))
    (local.get 2))
  (func (export "compares") (param i32 i32 i32) (result i32)
    (block $out
      (local.set 0 (i32.mul (local.get 0) (i32.const 2)))
      (if (i32.gt_s (local.get 1) (local.get 0))
        (then (local.set 1 (local.get 0)) (br_if $out (i32.le_s (local.get 1) (local.get 2)))))
      (return (i32.const -1)))
    (local.get 1)))
(assert_return (invoke "br_if" (i32.const 1) (i32.const 5) (i32.const 9)) (i32.const 5))
(assert_return (invoke "br_if" (i32.const 1) (i32.const 0) (i32.const 9)) (i32.const -1))
(assert_return (invoke "br_if" (i32.const 0) (i32.const 5) (i32.const 9)) (i32.const -1))
(assert_return (invoke "compares" (i32.const 3) (i32.const 7) (i32.const 8)) (i32.const 6))
(assert_return (invoke "compares" (i32.const 3) (i32.const 7) (i32.const 5)) (i32.const -1))
(assert_return (invoke "compares" (i32.const 3) (i32.const 5) (i32.const 8)) (i32.const -1))
