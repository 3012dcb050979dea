;; Sums 32,768 words of four bytes, several times.
(module
  (memory 16)

  (func (export "run") (param $n i32) (result i64)
    (local $at i32) (local $end i32) (local $sum i32)
    (i32.store (i32.const 1000) (i32.const 5))
    (local.set $end (i32.const 131072))
    (loop $again
      (local.set $at (i32.const 0))
      (loop $next
        (local.set $sum (i32.add (i32.load (local.get $at)) (local.get $sum)))
        (br_if $next (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 4))) (local.get $end))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_u (local.get $sum))))
