;; expect: output-too-large
;; Makes empty files without end: "out/0000" and on.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "out/0000")
  (func (export "_start") (local $n i32)
    (loop
      (i32.store8 (i32.const 4) (i32.add (i32.const 65) (i32.and (local.get $n) (i32.const 15))))
      (i32.store8 (i32.const 5) (i32.add (i32.const 65) (i32.and (i32.shr_u (local.get $n) (i32.const 4)) (i32.const 15))))
      (i32.store8 (i32.const 6) (i32.add (i32.const 65) (i32.and (i32.shr_u (local.get $n) (i32.const 8)) (i32.const 15))))
      (i32.store8 (i32.const 7) (i32.add (i32.const 65) (i32.and (i32.shr_u (local.get $n) (i32.const 12)) (i32.const 15))))
      (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 8)
        (i32.const 1) (i64.const 64) (i64.const 64) (i32.const 0) (i32.const 16)))
      (drop (call $close (i32.load (i32.const 16))))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br 0))))
