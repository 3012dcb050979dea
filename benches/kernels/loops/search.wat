;; Looks for the byte 7, which is the last of 65,536, several times.
(module
  (memory 16)

  (func (export "run") (param $n i32) (result i64)
    (local $at i32) (local $sum i32)
    (i32.store8 (i32.const 65535) (i32.const 7))
    (loop $again
      (local.set $at (i32.const -1))
      (loop $next
        (br_if $next
          (i32.ne (i32.load8_u (local.tee $at (i32.add (local.get $at) (i32.const 1)))) (i32.const 7))))
      (local.set $sum (i32.add (local.get $sum) (local.get $at)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_u (local.get $sum))))
