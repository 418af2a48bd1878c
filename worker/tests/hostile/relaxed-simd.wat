;; expect: invalid-program
;; Its result may differ between processors.
(module (func (export "_start")
  (drop (f32x4.relaxed_madd
    (v128.const f32x4 1 1 1 1) (v128.const f32x4 1 1 1 1) (v128.const f32x4 1 1 1 1)))))
