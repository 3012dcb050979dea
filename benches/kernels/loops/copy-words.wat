;; Copies 32,768 words of four bytes by an index, several times.
(module
  (memory 16)

  (func (export "run") (param $n i32) (result i64)
    (local $i i32)
    (i32.store (i32.const 1000) (i32.const 0x12345678))
    (loop $again
      (local.set $i (i32.const 0))
      (block $done
        (loop $next
          (br_if $done (i32.ge_u (local.get $i) (i32.const 131072)))
          (i32.store offset=131072 (local.get $i) (i32.load (local.get $i)))
          (local.set $i (i32.add (local.get $i) (i32.const 4)))
          (br $next)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.load (i32.const 132072))))
