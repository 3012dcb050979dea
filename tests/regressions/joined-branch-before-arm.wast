;; The first of two assignments in the arm of an `if` joined the branch, whose cell did not grow by it. The second then
;; began where the arm did, was taken for all of it, and became a selection; the first was lost.
(module
  (func (export "joined") (param $if i32) (param $a i32) (param $b i32) (param $c i32) (result i32)
    (if (select (i32.const 0) (i32.popcnt (local.get $if)) (i32.gt_s (i32.const 0) (local.get $a)))
      (then
        (local.set $a (local.get $b))
        (local.set $c (i32.add (local.get $c) (i32.const 8)))))
    (i32.add (i32.mul (local.get $a) (i32.const 1000)) (local.get $c)))
  (func (export "remainder") (param $if i32) (param $a i32) (param $b i32) (param $c i32) (result i32)
    (if (i32.rem_u (local.get $if) (i32.const 7))
      (then
        (local.set $a (local.get $b))
        (local.set $c (i32.add (local.get $c) (i32.const 8)))))
    (i32.add (i32.mul (local.get $a) (i32.const 1000)) (local.get $c))))
(assert_return (invoke "joined" (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)) (i32.const 3012))
(assert_return (invoke "joined" (i32.const 0) (i32.const 2) (i32.const 3) (i32.const 4)) (i32.const 2004))
(assert_return (invoke "joined" (i32.const 1) (i32.const -2) (i32.const 3) (i32.const 4)) (i32.const -1996))
(assert_return (invoke "remainder" (i32.const 8) (i32.const 2) (i32.const 3) (i32.const 4)) (i32.const 3012))
(assert_return (invoke "remainder" (i32.const 14) (i32.const 2) (i32.const 3) (i32.const 4)) (i32.const 2004))
