;; Compares two buffers of 65,536 bytes that are the same, several times.
(module
  (memory 16)

  (func (export "run") (param $n i32) (result i64)
    (local $a i32) (local $b i32) (local $left i32) (local $sum i32)
    (loop $again
      (local.set $a (i32.const 0))
      (local.set $b (i32.const 131072))
      (local.set $left (i32.const 65536))
      (block $differ
        (loop $next
          (br_if $differ (i32.ne (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b))))
          (local.set $a (i32.add (local.get $a) (i32.const 1)))
          (local.set $b (i32.add (local.get $b) (i32.const 1)))
          (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
      (local.set $sum (i32.add (local.get $sum) (local.get $a)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_u (local.get $sum))))
