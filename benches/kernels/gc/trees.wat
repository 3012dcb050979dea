;; Binary trees: one of depth $n that stays, and beside it many that are made, walked once and forgotten, of all even depths from 4 to
;; $n, about as many nodes of each. Gives the sum of nodes counted. Most of the work is making and collecting small structs.
(module
  (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree))))

  (func $make (param $depth i32) (result (ref $tree))
    (if (i32.eqz (local.get $depth)) (then (return (struct.new $tree (ref.null $tree) (ref.null $tree)))))
    (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
    (struct.new $tree (call $make (local.get $depth)) (call $make (local.get $depth))))

  ;; How many nodes it has. A node has two children or none.
  (func $count (param $tree (ref $tree)) (result i32)
    (local $left (ref null $tree))
    (local.set $left (struct.get $tree $left (local.get $tree)))
    (if (ref.is_null (local.get $left)) (then (return (i32.const 1))))
    (i32.add (i32.const 1)
      (i32.add
        (call $count (ref.as_non_null (local.get $left)))
        (call $count (ref.as_non_null (struct.get $tree $right (local.get $tree)))))))

  (func (export "run") (param $n i32) (result i64)
    (local $depth i32) (local $rounds i32) (local $sum i64) (local $stays (ref null $tree))
    (local.set $stays (call $make (local.get $n)))
    (local.set $depth (i32.const 4))
    (loop $deeper
      (local.set $rounds
        (i32.shl (i32.const 1) (i32.add (i32.sub (local.get $n) (local.get $depth)) (i32.const 4))))
      (loop $again
        (local.set $sum
          (i64.add (local.get $sum) (i64.extend_i32_u (call $count (call $make (local.get $depth))))))
        (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (br_if $deeper
        (i32.le_s (local.tee $depth (i32.add (local.get $depth) (i32.const 2))) (local.get $n))))
    (i64.add (local.get $sum) (i64.extend_i32_u (call $count (ref.as_non_null (local.get $stays)))))))
