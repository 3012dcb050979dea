;; Dot product of two f64 arrays of 4,096 elements, $n times: two loads, a multiplication and an addition an element.
;; The arrays hold small integers, so that every sum is exact. Shaped as clang -O2 leaves it: pointers and a count.
(module
  (memory 2)

  (func $fill
    (local $i i32)
    (loop $next
      (f64.store (i32.shl (local.get $i) (i32.const 3))
        (f64.convert_i32_u (i32.and (local.get $i) (i32.const 15))))
      (f64.store offset=32768 (i32.shl (local.get $i) (i32.const 3))
        (f64.convert_i32_u (i32.and (i32.mul (local.get $i) (i32.const 7)) (i32.const 31))))
      (br_if $next
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096)))))

  (func $dot (param $a i32) (param $b i32) (param $count i32) (result f64)
    (local $sum f64)
    (loop $next
      (local.set $sum
        (f64.add (local.get $sum)
          (f64.mul (f64.load (local.get $a)) (f64.load (local.get $b)))))
      (local.set $a (i32.add (local.get $a) (i32.const 8)))
      (local.set $b (i32.add (local.get $b) (i32.const 8)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))

  (func (export "run") (param $n i32) (result i64)
    (local $total f64)
    (call $fill)
    (loop $again
      (local.set $total
        (f64.add (local.get $total)
          (call $dot (i32.const 0) (i32.const 32768) (i32.const 4096))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.trunc_f64_s (local.get $total))))
