;; A small Lisp: a reader and an evaluator over heap cells. Small integers are `i31`, the empty list and "no" are null, and what a value is,
;; is found by casts. The program at the end is read, and `(main $n)` evaluated: Fibonacci numbers, and lists that are made,
;; reversed naively, mapped and summed.
(module
  (rec
    (type $bytes (array (mut i8)))
    (type $pair (struct (field $first eqref) (field $rest (mut eqref))))
    ;; With the number of a special form, or 0.
    (type $symbol
      (struct
        (field $name (ref $bytes))
        (field $form i32)
        (field $value (mut eqref))
        (field $next (ref null $symbol))))
    (type $primitive (struct (field $which i32)))
    (type $closure (struct (field $names eqref) (field $body eqref) (field $scope (ref null $scope))))
    (type $scope (struct (field $name (ref $symbol)) (field $value eqref) (field $next (ref null $scope)))))

  ;; All symbols, the last one made first.
  (global $symbols (mut (ref null $symbol)) (ref.null $symbol))
  (global $text (mut (ref null $bytes)) (ref.null $bytes))
  (global $at (mut i32) (i32.const 0))

  ;; The reader.

  (func $peek (result i32)
    (if (i32.ge_u (global.get $at) (array.len (global.get $text))) (then (return (i32.const 41))))
    (array.get_u $bytes (global.get $text) (global.get $at)))

  (func $skip (global.set $at (i32.add (global.get $at) (i32.const 1))))

  (func $same (param $a (ref $bytes)) (param $b (ref $bytes)) (result i32)
    (local $i i32)
    (if (i32.ne (array.len (local.get $a)) (array.len (local.get $b))) (then (return (i32.const 0))))
    (loop $next
      (if (i32.ge_u (local.get $i) (array.len (local.get $a))) (then (return (i32.const 1))))
      (if (i32.ne
            (array.get_u $bytes (local.get $a) (local.get $i))
            (array.get_u $bytes (local.get $b) (local.get $i)))
        (then (return (i32.const 0))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; The symbol of this name; a new one, of this form, if there is none.
  (func $intern (param $name (ref $bytes)) (param $form i32) (result (ref $symbol))
    (local $symbol (ref null $symbol))
    (local.set $symbol (global.get $symbols))
    (block $none
      (loop $next
        (br_if $none (ref.is_null (local.get $symbol)))
        (if (call $same (struct.get $symbol $name (local.get $symbol)) (local.get $name))
          (then (return (ref.as_non_null (local.get $symbol)))))
        (local.set $symbol (struct.get $symbol $next (local.get $symbol)))
        (br $next)))
    (global.set $symbols
      (struct.new $symbol (local.get $name) (local.get $form) (ref.null none) (global.get $symbols)))
    (ref.as_non_null (global.get $symbols)))

  (func $read (result eqref)
    (local $begin i32) (local $name (ref $bytes)) (local $number i32)
    (loop $blank
      (if (i32.le_u (call $peek) (i32.const 32)) (then (call $skip) (br $blank))))
    (if (i32.eq (call $peek) (i32.const 40)) (then (call $skip) (return_call $read_rest)))
    (local.set $begin (global.get $at))
    (loop $letter
      (if (i32.gt_u (call $peek) (i32.const 41)) (then (call $skip) (br $letter))))
    (local.set $name (array.new_default $bytes (i32.sub (global.get $at) (local.get $begin))))
    (array.copy $bytes $bytes
      (local.get $name) (i32.const 0)
      (ref.as_non_null (global.get $text)) (local.get $begin) (array.len (local.get $name)))
    (if (i32.gt_u (i32.sub (array.get_u $bytes (local.get $name) (i32.const 0)) (i32.const 48)) (i32.const 9))
      (then (return_call $intern (local.get $name) (i32.const 0))))
    (loop $digit
      (local.set $number
        (i32.add
          (i32.mul (local.get $number) (i32.const 10))
          (i32.sub (array.get_u $bytes (global.get $text) (local.get $begin)) (i32.const 48))))
      (br_if $digit
        (i32.lt_u (local.tee $begin (i32.add (local.get $begin) (i32.const 1))) (global.get $at))))
    (ref.i31 (local.get $number)))

  ;; What follows in a list, and its end.
  (func $read_rest (result eqref)
    (loop $blank
      (if (i32.le_u (call $peek) (i32.const 32)) (then (call $skip) (br $blank))))
    (if (i32.eq (call $peek) (i32.const 41)) (then (call $skip) (return (ref.null none))))
    (struct.new $pair (call $read) (call $read_rest)))

  ;; The evaluator.

  (func $lookup (param $symbol (ref $symbol)) (param $scope (ref null $scope)) (result eqref)
    (block $global
      (loop $outer
        (br_if $global (ref.is_null (local.get $scope)))
        (if (ref.eq (struct.get $scope $name (local.get $scope)) (local.get $symbol))
          (then (return (struct.get $scope $value (local.get $scope)))))
        (local.set $scope (struct.get $scope $next (local.get $scope)))
        (br $outer)))
    (struct.get $symbol $value (local.get $symbol)))

  (func $first (param $list eqref) (result eqref)
    (struct.get $pair $first (ref.cast (ref $pair) (local.get $list))))
  (func $rest (param $list eqref) (result eqref)
    (struct.get $pair $rest (ref.cast (ref $pair) (local.get $list))))
  (func $number (param $value eqref) (result i32)
    (i31.get_s (ref.cast (ref i31) (local.get $value))))
  (func $truth (param $is i32) (result eqref)
    (if (result eqref) (local.get $is) (then (ref.i31 (i32.const 1))) (else (ref.null none))))

  (func $apply (param $which i32) (param $arguments eqref) (param $scope (ref null $scope)) (result eqref)
    (local $a eqref) (local $b eqref)
    (local.set $a (call $eval (call $first (local.get $arguments)) (local.get $scope)))
    (local.set $arguments (call $rest (local.get $arguments)))
    (if (i32.eqz (ref.is_null (local.get $arguments)))
      (then (local.set $b (call $eval (call $first (local.get $arguments)) (local.get $scope)))))
    (block $less (block $times (block $minus (block $plus (block $pair (block $rest (block $first
      (br_table $first $rest $pair $plus $minus $times $less (local.get $which)))
      (return_call $first (local.get $a)))
      (return_call $rest (local.get $a)))
      (return (struct.new $pair (local.get $a) (local.get $b))))
      (return (ref.i31 (i32.add (call $number (local.get $a)) (call $number (local.get $b))))))
      (return (ref.i31 (i32.sub (call $number (local.get $a)) (call $number (local.get $b))))))
      (return (ref.i31 (i32.mul (call $number (local.get $a)) (call $number (local.get $b))))))
    (return_call $truth (i32.lt_s (call $number (local.get $a)) (call $number (local.get $b)))))

  ;; The scope of a closure's body: arguments, evaluated in $scope, by its names.
  (func $bind (param $closure (ref $closure)) (param $arguments eqref) (param $scope (ref null $scope))
    (result (ref null $scope))
    (local $names eqref) (local $inner (ref null $scope))
    (local.set $names (struct.get $closure $names (local.get $closure)))
    (local.set $inner (struct.get $closure $scope (local.get $closure)))
    (block $end
      (loop $next
        (br_if $end (ref.is_null (local.get $names)))
        (local.set $inner
          (struct.new $scope
            (ref.cast (ref $symbol) (call $first (local.get $names)))
            (call $eval (call $first (local.get $arguments)) (local.get $scope))
            (local.get $inner)))
        (local.set $names (call $rest (local.get $names)))
        (local.set $arguments (call $rest (local.get $arguments)))
        (br $next)))
    (local.get $inner))

  (func $eval (param $x eqref) (param $scope (ref null $scope)) (result eqref)
    (local $pair (ref $pair)) (local $rest eqref) (local $function eqref) (local $closure (ref $closure))
    (loop $tail
      (drop
        (block $other (result eqref)
          (return_call $lookup
            (br_on_cast_fail $other eqref (ref $symbol) (local.get $x))
            (local.get $scope))))
      (drop
        (block $other (result eqref)
          (local.set $pair (br_on_cast_fail $other eqref (ref $pair) (local.get $x)))
          (local.set $rest (struct.get $pair $rest (local.get $pair)))
          (local.set $x (struct.get $pair $first (local.get $pair)))
          (block $call (block $define (block $lambda (block $if
            (drop
              (block $other (result eqref)
                (br_table $call $if $lambda $define $call
                  (struct.get $symbol $form
                    (br_on_cast_fail $other eqref (ref $symbol) (local.get $x))))))
            (br $call))
            ;; (if x yes no)
            (local.set $function (call $eval (call $first (local.get $rest)) (local.get $scope)))
            (local.set $rest (call $rest (local.get $rest)))
            (if (ref.is_null (local.get $function))
              (then (local.set $rest (call $rest (local.get $rest)))))
            (local.set $x (call $first (local.get $rest)))
            (br $tail))
            ;; (lambda (names) body)
            (return
              (struct.new $closure
                (call $first (local.get $rest))
                (call $first (call $rest (local.get $rest)))
                (local.get $scope))))
            ;; (define name x)
            (struct.set $symbol $value
              (ref.cast (ref $symbol) (call $first (local.get $rest)))
              (call $eval (call $first (call $rest (local.get $rest))) (local.get $scope)))
            (return (ref.null none)))
          (local.set $function (call $eval (local.get $x) (local.get $scope)))
          (drop
            (block $primitive (result eqref)
              (local.set $closure (br_on_cast_fail $primitive eqref (ref $closure) (local.get $function)))
              (local.set $scope (call $bind (local.get $closure) (local.get $rest) (local.get $scope)))
              (local.set $x (struct.get $closure $body (local.get $closure)))
              (br $tail)))
          (return_call $apply
            (struct.get $primitive $which (ref.cast (ref $primitive) (local.get $function)))
            (local.get $rest) (local.get $scope)))))
    ;; Numbers and the empty list are what they are.
    (local.get $x))

  (data $main "main")
  (data $names "if lambda define first rest pair + - * <)")
  (data $program
    "(define fib (lambda (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))))"
    "(define count (lambda (n) (if (< n 1) () (pair n (count (- n 1))))))"
    "(define append (lambda (a b) (if a (pair (first a) (append (rest a) b)) b)))"
    "(define reverse (lambda (a) (if a (append (reverse (rest a)) (pair (first a) ())) ())))"
    "(define map (lambda (f a) (if a (pair (f (first a)) (map f (rest a))) ())))"
    "(define sum (lambda (a b) (if a (sum (rest a) (+ b (* 3 (first a)))) b)))"
    "(define lists (lambda (n) (sum (map (lambda (x) (- (* x x) n)) (reverse (count n))) 0)))"
    "(define main (lambda (n) (+ (fib n) (lists (* n 6)))))"
    ")")

  (func $setup
    (local $i i32) (local $name (ref null $bytes)) (local $list eqref)
    (global.set $symbols (ref.null $symbol))
    ;; Names of forms, which have numbers from 1 on, and primitives, from 0 on.
    (global.set $text (array.new_data $bytes $names (i32.const 0) (i32.const 41)))
    (global.set $at (i32.const 0))
    (local.set $list (call $read_rest))
    (global.set $symbols (ref.null $symbol))
    (loop $next
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $name
        (struct.get $symbol $name (ref.cast (ref $symbol) (call $first (local.get $list)))))
      (struct.set $symbol $value
        (call $intern
          (ref.as_non_null (local.get $name))
          (select (local.get $i) (i32.const 0) (i32.le_u (local.get $i) (i32.const 3))))
        (struct.new $primitive (i32.sub (local.get $i) (i32.const 4))))
      (br_if $next (i32.eqz (ref.is_null (local.tee $list (call $rest (local.get $list)))))))
    (global.set $text (array.new_data $bytes $program (i32.const 0) (i32.const 594)))
    (global.set $at (i32.const 0))
    (local.set $list (call $read_rest))
    (loop $define
      (drop (call $eval (call $first (local.get $list)) (ref.null $scope)))
      (br_if $define (i32.eqz (ref.is_null (local.tee $list (call $rest (local.get $list))))))))

  (func (export "run") (param $n i32) (result i64)
    (call $setup)
    (i64.extend_i32_s
      (call $number
        (call $eval
          ;; (main n)
          (struct.new $pair
            (call $intern (array.new_data $bytes $main (i32.const 0) (i32.const 4)) (i32.const 0))
            (struct.new $pair (ref.i31 (local.get $n)) (ref.null none)))
          (ref.null $scope))))))
