;; The same, moved over the operand stack.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $a i64) (local $b i64)
    (local.set $b (i64.const 1))
    (loop $loop
      (local.get $b)
      (i64.add (local.get $a) (local.get $b))
      (local.set $b)
      (local.set $a)
      (br_if $loop (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $a)))
