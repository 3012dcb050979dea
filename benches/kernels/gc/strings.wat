;; Strings: arrays of bytes in a buffer that doubles. Each of $n rounds writes numbers in decimal with words between them, one byte or one
;; word at a time, cuts a piece out, and joins two pieces; all with array.copy. Gives a hash over the last bytes of each round.
(module
  (type $bytes (array (mut i8)))
  (type $buffer (struct (field $bytes (mut (ref $bytes))) (field $len (mut i32))))
  (data $words "pick warp weft shed reed heddle")

  (func $reserve (param $buffer (ref $buffer)) (param $more i32)
    (local $old (ref $bytes)) (local $new (ref $bytes)) (local $len i32) (local $size i32)
    (local.set $old (struct.get $buffer $bytes (local.get $buffer)))
    (local.set $len (struct.get $buffer $len (local.get $buffer)))
    (local.set $more (i32.add (local.get $len) (local.get $more)))
    (if (i32.le_u (local.get $more) (local.tee $size (array.len (local.get $old)))) (then (return)))
    (loop $double
      (local.set $size (i32.shl (local.get $size) (i32.const 1)))
      (br_if $double (i32.lt_u (local.get $size) (local.get $more))))
    (local.set $new (array.new_default $bytes (local.get $size)))
    (array.copy $bytes $bytes (local.get $new) (i32.const 0) (local.get $old) (i32.const 0) (local.get $len))
    (struct.set $buffer $bytes (local.get $buffer) (local.get $new)))

  (func $push (param $buffer (ref $buffer)) (param $byte i32)
    (local $len i32)
    (call $reserve (local.get $buffer) (i32.const 1))
    (local.set $len (struct.get $buffer $len (local.get $buffer)))
    (array.set $bytes (struct.get $buffer $bytes (local.get $buffer)) (local.get $len) (local.get $byte))
    (struct.set $buffer $len (local.get $buffer) (i32.add (local.get $len) (i32.const 1))))

  (func $append (param $buffer (ref $buffer)) (param $string (ref $bytes))
    (local $len i32) (local $more i32)
    (local.set $more (array.len (local.get $string)))
    (call $reserve (local.get $buffer) (local.get $more))
    (local.set $len (struct.get $buffer $len (local.get $buffer)))
    (array.copy $bytes $bytes
      (struct.get $buffer $bytes (local.get $buffer)) (local.get $len)
      (local.get $string) (i32.const 0) (local.get $more))
    (struct.set $buffer $len (local.get $buffer) (i32.add (local.get $len) (local.get $more))))

  (func $append_number (param $buffer (ref $buffer)) (param $number i32)
    (if (i32.ge_u (local.get $number) (i32.const 10))
      (then (call $append_number (local.get $buffer) (i32.div_u (local.get $number) (i32.const 10)))))
    (call $push (local.get $buffer)
      (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10)))))

  ;; A new string: so many bytes of another one.
  (func $slice (param $string (ref $bytes)) (param $from i32) (param $len i32) (result (ref $bytes))
    (local $new (ref $bytes))
    (local.set $new (array.new_default $bytes (local.get $len)))
    (array.copy $bytes $bytes
      (local.get $new) (i32.const 0) (local.get $string) (local.get $from) (local.get $len))
    (local.get $new))

  ;; A new string: one behind the other.
  (func $join (param $a (ref $bytes)) (param $b (ref $bytes)) (result (ref $bytes))
    (local $new (ref $bytes)) (local $len i32)
    (local.set $len (array.len (local.get $a)))
    (local.set $new (array.new_default $bytes (i32.add (local.get $len) (array.len (local.get $b)))))
    (array.copy $bytes $bytes
      (local.get $new) (i32.const 0) (local.get $a) (i32.const 0) (local.get $len))
    (array.copy $bytes $bytes
      (local.get $new) (local.get $len) (local.get $b) (i32.const 0) (array.len (local.get $b)))
    (local.get $new))

  (func $hash (param $hash i64) (param $string (ref $bytes)) (result i64)
    (local $i i32)
    (block $end
      (loop $on
        (br_if $end (i32.ge_u (local.get $i) (array.len (local.get $string))))
        (local.set $hash
          (i64.mul
            (i64.xor (local.get $hash)
              (i64.extend_i32_u (array.get_u $bytes (local.get $string) (local.get $i))))
            (i64.const 0x100000001b3)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $on)))
    (local.get $hash))

  (func (export "run") (param $n i32) (result i64)
    (local $round i32) (local $i i32) (local $hash i64)
    (local $words (ref $bytes)) (local $buffer (ref $buffer)) (local $text (ref $bytes)) (local $len i32)
    (local.set $words (array.new_data $bytes $words (i32.const 0) (i32.const 31)))
    (loop $again
      (local.set $buffer (struct.new $buffer (array.new_default $bytes (i32.const 8)) (i32.const 0)))
      (local.set $i (i32.const 0))
      (loop $next
        (call $append_number (local.get $buffer) (i32.mul (local.get $i) (local.get $round)))
        (call $push (local.get $buffer) (i32.const 32))
        (call $append (local.get $buffer)
          (call $slice (local.get $words)
            (i32.mul (i32.rem_u (local.get $i) (i32.const 5)) (i32.const 5)) (i32.const 5)))
        (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
      (local.set $len (struct.get $buffer $len (local.get $buffer)))
      (local.set $text (struct.get $buffer $bytes (local.get $buffer)))
      (local.set $text
        (call $join
          (call $slice (local.get $text) (i32.sub (local.get $len) (i32.const 40)) (i32.const 40))
          (call $slice (local.get $text) (i32.const 0) (i32.const 24))))
      (local.set $hash (call $hash (local.get $hash) (local.get $text)))
      (br_if $again
        (i32.lt_s (local.tee $round (i32.add (local.get $round) (i32.const 1))) (local.get $n))))
    (local.get $hash)))
