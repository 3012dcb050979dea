;; What a SAT solver does most: for $n literals that were set to false it walks over the clauses that watch one, and looks
;; for another literal of each that is not false. It is written as compilers write C++: a vector is a pointer and a size
;; in memory, both loaded whenever they are needed, for any store may have changed them. Literals are twice a variable,
;; and a sign; a literal's value is its variable's with the sign: 0 true, 1 false, 2 and 3 unknown. Gives the number of
;; clauses without another literal.
(module
  (memory 1)
  ;; Three vectors: at 16 the values of 64 variables, a byte each; at 24 the watches, 128 pairs of a clause and of a
  ;; literal of it that may spare the look into it; at 32 the literals to walk for, whose pointer is never needed. The
  ;; clauses lie at 4096, 32 bytes each: the number of literals, then the literals.
  (data (i32.const 16) "\00\01\00\00\40\00\00\00" "\00\02\00\00\80\00\00\00")

  (func $prepare
    (local $i i32) (local $at i32) (local $seed i32)
    (loop $value
      (i32.store8 offset=256 (local.get $i) (i32.rem_u (local.get $i) (i32.const 3)))
      (br_if $value (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64))))
    (local.set $seed (i32.const 12345))
    (local.set $i (i32.const 0))
    (loop $watch
      (local.set $at (i32.add (i32.const 4096) (i32.shl (local.get $i) (i32.const 5))))
      (i32.store offset=512 (i32.shl (local.get $i) (i32.const 3)) (local.get $at))
      (i32.store offset=516
        (i32.shl (local.get $i) (i32.const 3))
        (i32.and (i32.mul (local.get $i) (i32.const 37)) (i32.const 127)))
      (i32.store (local.get $at) (i32.const 6))
      (loop $literal
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
        (i32.store (local.get $at) (i32.and (i32.shr_u (local.get $seed) (i32.const 16)) (i32.const 127)))
        (br_if $literal (i32.lt_u (i32.and (local.get $at) (i32.const 31)) (i32.const 24))))
      (br_if $watch (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 128)))))

  (func $propagate (param $this i32) (param $false i32) (result i32)
    (local $from i32) (local $to i32) (local $end i32) (local $clause i32) (local $first i32) (local $k i32)
    (local $literal i32) (local $variable i32) (local $alone i32)
    (local.set $from (i32.load offset=8 (local.get $this)))
    (local.set $to (local.get $from))
    (local.set $end (i32.add (local.get $from) (i32.shl (i32.load offset=12 (local.get $this)) (i32.const 3))))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $from) (local.get $end)))
        (local.set $clause (i32.load (local.get $from)))
        (local.set $first (i32.load offset=4 (local.get $from)))
        (local.set $from (i32.add (local.get $from) (i32.const 8)))
        (block $keep
          ;; The literal beside the clause is true.
          (local.set $variable (i32.shr_u (local.get $first) (i32.const 1)))
          (br_if $keep
            (i32.eq
              (i32.load8_u (i32.add (i32.load (local.get $this)) (local.get $variable)))
              (i32.and (local.get $first) (i32.const 1))))
          ;; The false literal is the second one from now on.
          (if (i32.eq (i32.load offset=4 (local.get $clause)) (local.get $false))
            (then
              (i32.store offset=4 (local.get $clause) (i32.load offset=8 (local.get $clause)))
              (i32.store offset=8 (local.get $clause) (local.get $false))))
          (local.set $k (i32.const 2))
          (loop $look
            (local.set $literal
              (i32.load offset=4 (i32.add (local.get $clause) (i32.shl (local.get $k) (i32.const 2)))))
            (local.set $variable (i32.shr_u (local.get $literal) (i32.const 1)))
            (br_if $keep
              (i32.ne
                (i32.xor
                  (i32.load8_u (i32.add (i32.load (local.get $this)) (local.get $variable)))
                  (i32.and (local.get $literal) (i32.const 1)))
                (i32.const 1)))
            (br_if $look
              (i32.lt_s
                (local.tee $k (i32.add (local.get $k) (i32.const 1)))
                (i32.load (local.get $clause)))))
          (local.set $alone (i32.add (local.get $alone) (i32.const 1))))
        (i32.store (local.get $to) (local.get $clause))
        (i32.store offset=4 (local.get $to) (local.get $first))
        (local.set $to (i32.add (local.get $to) (i32.const 8)))
        (br $next)))
    (local.get $alone))

  (func (export "run") (param $n i32) (result i64)
    (local $i i32) (local $sum i32)
    (call $prepare)
    (i32.store offset=36 (i32.const 0) (local.get $n))
    (loop $next
      (local.set $sum
        (i32.add (local.get $sum) (call $propagate (i32.const 16) (i32.and (local.get $i) (i32.const 127)))))
      (br_if $next
        (i32.lt_s
          (local.tee $i (i32.add (local.get $i) (i32.const 1)))
          (i32.load offset=36 (i32.const 0)))))
    (i64.extend_i32_u (local.get $sum))))
