;; expect: exited 0
;; Changes, removes and moves what it may only read.
(module
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func $path_remove_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $fd_filestat_set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "in/0/data")
  (data (i32.const 1040) "in/0/new")
  (data (i32.const 1056) "in/0")
  (data (i32.const 1072) "in")
  (data (i32.const 1088) "out/data")
  (data (i32.const 1104) "in/0/data/x")
  (func $expect (param $step i32) (param $is i32) (param $wanted i32)
    (if (i32.ne (local.get $is) (local.get $wanted)) (then (call $exit (local.get $step)))))
  (func (export "_start")
    (call $expect (i32.const 1) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 9) (i32.const 0) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 69)) ;; in/0/data
    (call $expect (i32.const 2) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 9) (i32.const 8) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 69)) ;; in/0/data
    (call $expect (i32.const 3) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1040) (i32.const 8) (i32.const 1) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 69)) ;; in/0/new
    (call $expect (i32.const 4) (call $path_unlink_file (i32.const 3) (i32.const 1024) (i32.const 9)) (i32.const 69)) ;; in/0/data
    (call $expect (i32.const 5) (call $path_remove_directory (i32.const 3) (i32.const 1056) (i32.const 4)) (i32.const 69)) ;; in/0
    (call $expect (i32.const 6) (call $path_create_directory (i32.const 3) (i32.const 1040) (i32.const 8)) (i32.const 69)) ;; in/0/new
    (call $expect (i32.const 7) (call $path_rename (i32.const 3) (i32.const 1024) (i32.const 9) (i32.const 3) (i32.const 1088) (i32.const 8)) (i32.const 69)) ;; in/0/data out/data
    (call $expect (i32.const 8) (call $path_rename (i32.const 3) (i32.const 1072) (i32.const 2) (i32.const 3) (i32.const 1088) (i32.const 8)) (i32.const 69)) ;; in out/data
    (call $expect (i32.const 9) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1104) (i32.const 11) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 54)) ;; in/0/data/x
    (call $expect (i32.const 10) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 9) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 0)) ;; in/0/data
    (call $expect (i32.const 11) (call $fd_filestat_set_size (i32.const 4) (i64.const 0)) (i32.const 8))
    (call $expect (i32.const 12) (call $fd_pwrite (i32.const 4) (i32.const 0) (i32.const 1) (i64.const 0) (i32.const 16)) (i32.const 8))))
