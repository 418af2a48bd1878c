;; expect: exited 0
;; Tries to leave its folders.
(module
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "../etc/passwd")
  (data (i32.const 1040) "/etc/passwd")
  (data (i32.const 1056) "out/../../etc/passwd")
  (data (i32.const 1088) "out/../../../../../../proc/self/environ")
  (data (i32.const 1136) "./../x")
  (data (i32.const 1152) "in/0/../../../x")
  (data (i32.const 1168) "out")
  (data (i32.const 1184) "..")
  (data (i32.const 1200) "in/0")
  (func $expect (param $step i32) (param $is i32) (param $wanted i32)
    (if (i32.ne (local.get $is) (local.get $wanted)) (then (call $exit (local.get $step)))))
  (func (export "_start")
    (call $expect (i32.const 1) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 13) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 76)) ;; ../etc/passwd
    (call $expect (i32.const 2) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1040) (i32.const 11) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 76)) ;; /etc/passwd
    (call $expect (i32.const 3) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1056) (i32.const 20) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 76)) ;; out/../../etc/passwd
    (call $expect (i32.const 4) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1088) (i32.const 39) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 76)) ;; out/../../../../../../proc/self/environ
    (call $expect (i32.const 5) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1136) (i32.const 6) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 76)) ;; ./../x
    (call $expect (i32.const 6) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1152) (i32.const 15) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 76)) ;; in/0/../../../x
    (call $expect (i32.const 7) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 13) (i32.const 1) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 76)) ;; ../etc/passwd
    (call $expect (i32.const 8) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1168) (i32.const 3) (i32.const 2) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 32)) (i32.const 0)) ;; out
    (call $expect (i32.const 9) (call $path_open (i32.const 4) (i32.const 0) (i32.const 1184) (i32.const 2) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 76)) ;; ..
    (call $expect (i32.const 10) (call $path_open (i32.const 4) (i32.const 0) (i32.const 1024) (i32.const 13) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 76)) ;; ../etc/passwd
  ))
