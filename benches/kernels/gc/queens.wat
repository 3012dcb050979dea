;; In how many ways $n queens stand on a board of $n by $n so that none attacks another. Which columns and diagonals are taken stand in
;; arrays of bytes: elements are read and written, with a bound compared each time, and nothing is made.
(module
  (type $flags (array (mut i8)))

  (func $place
    (param $n i32) (param $row i32) (param $columns (ref $flags)) (param $falling (ref $flags)) (param $rising (ref $flags))
    (result i32)
    (local $column i32) (local $fall i32) (local $rise i32) (local $ways i32)
    (if (i32.eq (local.get $row) (local.get $n)) (then (return (i32.const 1))))
    (loop $next
      (local.set $rise (i32.add (local.get $row) (local.get $column)))
      (local.set $fall
        (i32.add (i32.sub (local.get $row) (local.get $column)) (i32.sub (local.get $n) (i32.const 1))))
      (if (i32.eqz
            (i32.or
              (array.get_u $flags (local.get $columns) (local.get $column))
              (i32.or
                (array.get_u $flags (local.get $falling) (local.get $fall))
                (array.get_u $flags (local.get $rising) (local.get $rise)))))
        (then
          (array.set $flags (local.get $columns) (local.get $column) (i32.const 1))
          (array.set $flags (local.get $falling) (local.get $fall) (i32.const 1))
          (array.set $flags (local.get $rising) (local.get $rise) (i32.const 1))
          (local.set $ways
            (i32.add (local.get $ways)
              (call $place (local.get $n) (i32.add (local.get $row) (i32.const 1))
                (local.get $columns) (local.get $falling) (local.get $rising))))
          (array.set $flags (local.get $columns) (local.get $column) (i32.const 0))
          (array.set $flags (local.get $falling) (local.get $fall) (i32.const 0))
          (array.set $flags (local.get $rising) (local.get $rise) (i32.const 0))))
      (br_if $next
        (i32.lt_s (local.tee $column (i32.add (local.get $column) (i32.const 1))) (local.get $n))))
    (local.get $ways))

  (func (export "run") (param $n i32) (result i64)
    (local $diagonals i32)
    (local.set $diagonals (i32.shl (local.get $n) (i32.const 1)))
    (i64.extend_i32_u
      (call $place (local.get $n) (i32.const 0)
        (array.new_default $flags (local.get $n))
        (array.new_default $flags (local.get $diagonals))
        (array.new_default $flags (local.get $diagonals))))))
