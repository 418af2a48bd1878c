;; expect: trap
(module (func (export "_start") unreachable))
