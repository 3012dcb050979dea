;; Fibonacci in the parameters of a loop.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $b i64)
    (i64.const 0)
    (i64.const 1)
    (loop $loop (param i64 i64) (result i64 i64)
      (local.tee $b)
      (i64.add)
      (local.get $b)
      (br_if $loop (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (drop)))
