;; expect: exited 0
;; Links of any kind, to where it may not go.
(module
  (import "wasi_snapshot_preview1" "path_symlink" (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func $path_link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_readlink" (func $path_readlink (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "/etc/passwd")
  (data (i32.const 1040) "out/link")
  (data (i32.const 1056) "in/0/data")
  (func $expect (param $step i32) (param $is i32) (param $wanted i32)
    (if (i32.ne (local.get $is) (local.get $wanted)) (then (call $exit (local.get $step)))))
  (func (export "_start")
    (call $expect (i32.const 1) (call $path_symlink (i32.const 1024) (i32.const 11) (i32.const 3) (i32.const 1040) (i32.const 8)) (i32.const 58)) ;; /etc/passwd out/link
    (call $expect (i32.const 2) (call $path_link (i32.const 3) (i32.const 0) (i32.const 1056) (i32.const 9) (i32.const 3) (i32.const 1040) (i32.const 8)) (i32.const 58)) ;; in/0/data out/link
    (call $expect (i32.const 3) (call $path_readlink (i32.const 3) (i32.const 1056) (i32.const 9) (i32.const 0) (i32.const 64) (i32.const 128)) (i32.const 28)) ;; in/0/data
    (call $expect (i32.const 4) (call $path_readlink (i32.const 3) (i32.const 1040) (i32.const 8) (i32.const 0) (i32.const 64) (i32.const 128)) (i32.const 44)) ;; out/link
    (call $expect (i32.const 5) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1040) (i32.const 8) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 44)) ;; out/link
  ))
