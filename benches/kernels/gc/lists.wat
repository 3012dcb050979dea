;; Linked lists of $n numbers, 20 times: built, turned round in place, copied the other way round, and summed. Pointers are followed
;; and fields set; each round forgets two lists.
(module
  (type $item (struct (field $value i32) (field $next (mut (ref null $item)))))

  ;; The numbers from $n down to 1.
  (func $build (param $n i32) (result (ref null $item))
    (local $list (ref null $item)) (local $i i32)
    (loop $next
      (local.set $list
        (struct.new $item (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $list)))
      (br_if $next (i32.lt_s (local.get $i) (local.get $n))))
    (local.get $list))

  ;; Turns a list round.
  (func $turn (param $list (ref null $item)) (result (ref null $item))
    (local $before (ref null $item)) (local $next (ref null $item))
    (block $end
      (loop $on
        (br_if $end (ref.is_null (local.get $list)))
        (local.set $next (struct.get $item $next (local.get $list)))
        (struct.set $item $next (local.get $list) (local.get $before))
        (local.set $before (local.get $list))
        (local.set $list (local.get $next))
        (br $on)))
    (local.get $before))

  ;; A new list, the other way round, of the values plus $more.
  (func $copy (param $list (ref null $item)) (param $more i32) (result (ref null $item))
    (local $new (ref null $item))
    (block $end
      (loop $on
        (br_if $end (ref.is_null (local.get $list)))
        (local.set $new
          (struct.new $item
            (i32.add (struct.get $item $value (local.get $list)) (local.get $more))
            (local.get $new)))
        (local.set $list (struct.get $item $next (local.get $list)))
        (br $on)))
    (local.get $new))

  ;; The sum of position times value.
  (func $sum (param $list (ref null $item)) (result i64)
    (local $sum i64) (local $position i64)
    (block $end
      (loop $on
        (br_if $end (ref.is_null (local.get $list)))
        (local.set $position (i64.add (local.get $position) (i64.const 1)))
        (local.set $sum
          (i64.add (local.get $sum)
            (i64.mul (local.get $position)
              (i64.extend_i32_s (struct.get $item $value (local.get $list))))))
        (local.set $list (struct.get $item $next (local.get $list)))
        (br $on)))
    (local.get $sum))

  (func (export "run") (param $n i32) (result i64)
    (local $round i32) (local $sum i64) (local $list (ref null $item))
    (loop $again
      (local.set $list (call $turn (call $build (local.get $n))))
      (local.set $sum (i64.add (local.get $sum) (call $sum (local.get $list))))
      (local.set $list (call $copy (local.get $list) (local.get $round)))
      (local.set $sum (i64.add (local.get $sum) (call $sum (local.get $list))))
      (br_if $again (i32.lt_s (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 20))))
    (local.get $sum)))
