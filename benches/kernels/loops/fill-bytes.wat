;; Sets 65,536 bytes one by one, several times.
(module
  (memory 16)

  (func (export "run") (param $n i32) (result i64)
    (local $to i32) (local $left i32)
    (loop $again
      (local.set $to (i32.const 0))
      (local.set $left (i32.const 65536))
      (loop $next
        (i32.store8 (local.get $to) (local.get $n))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.load (i32.const 1000))))
