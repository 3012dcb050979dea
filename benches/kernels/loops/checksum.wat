;; A Fletcher checksum of 65,536 bytes, several times.
(module
  (memory 16)

  (func (export "run") (param $n i32) (result i64)
    (local $at i32) (local $a i32) (local $b i32)
    (i32.store (i32.const 1000) (i32.const 0x12345678))
    (loop $again
      (local.set $at (i32.const 0))
      (loop $next
        (local.set $a (i32.add (local.get $a) (i32.load8_u (local.get $at))))
        (local.set $b (i32.add (local.get $b) (local.get $a)))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 65536))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.add (i64.shl (i64.extend_i32_u (local.get $b)) (i64.const 32)) (i64.extend_i32_u (local.get $a)))))
