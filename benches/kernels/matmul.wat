;; Product of two $n by $n matrices of f64, $n at most 256, by the schoolbook: index arithmetic around a multiplication
;; and an addition. The elements are small integers, so that every sum is exact. Gives the sum of the product's elements,
;; each weighted by its row.
(module
  (memory 32)

  (func $fill (param $n i32)
    (local $i i32) (local $end i32)
    (local.set $end (i32.mul (local.get $n) (local.get $n)))
    (loop $next
      (f64.store (i32.shl (local.get $i) (i32.const 3))
        (f64.convert_i32_u (i32.rem_u (local.get $i) (i32.const 7))))
      (f64.store offset=524288 (i32.shl (local.get $i) (i32.const 3))
        (f64.convert_i32_u (i32.rem_u (local.get $i) (i32.const 11))))
      (br_if $next
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $end)))))

  (func (export "run") (param $n i32) (result i64)
    (local $i i32) (local $j i32) (local $k i32) (local $sum f64) (local $total f64)
    (call $fill (local.get $n))
    (loop $row
      (local.set $j (i32.const 0))
      (loop $column
        (local.set $k (i32.const 0))
        (local.set $sum (f64.const 0))
        (loop $inner
          (local.set $sum
            (f64.add (local.get $sum)
              (f64.mul
                (f64.load
                  (i32.shl
                    (i32.add (i32.mul (local.get $i) (local.get $n)) (local.get $k))
                    (i32.const 3)))
                (f64.load offset=524288
                  (i32.shl
                    (i32.add (i32.mul (local.get $k) (local.get $n)) (local.get $j))
                    (i32.const 3))))))
          (br_if $inner
            (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get $n))))
        (f64.store offset=1048576
          (i32.shl (i32.add (i32.mul (local.get $i) (local.get $n)) (local.get $j)) (i32.const 3))
          (local.get $sum))
        (local.set $total
          (f64.add (local.get $total)
            (f64.mul (local.get $sum) (f64.convert_i32_u (local.get $i)))))
        (br_if $column
          (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
      (br_if $row
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i64.trunc_f64_s (local.get $total))))
