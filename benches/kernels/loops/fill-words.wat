;; Sets 32,768 words of eight bytes, several times.
(module
  (memory 16)

  (func (export "run") (param $n i32) (result i64)
    (local $to i32)
    (loop $again
      (local.set $to (i32.const 0))
      (loop $next
        (i64.store (local.get $to) (i64.const -1))
        (br_if $next (i32.ne (local.tee $to (i32.add (local.get $to) (i32.const 8))) (i32.const 262144))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.load (i32.const 1000))))
