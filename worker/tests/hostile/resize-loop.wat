;; expect: out-of-fuel
;; Fills a file with zeros and empties it, again and again: cheap to ask for, dear to do.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $resize (param i32 i64) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "out/file")
  (func (export "_start")
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 8)
      (i32.const 1) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 32)))
    (loop
      (drop (call $resize (i32.load (i32.const 32)) (i64.const 900000)))
      (drop (call $resize (i32.load (i32.const 32)) (i64.const 0)))
      (br 0))))
