// The element-wise kernels by level, over guarded memory.

import Kernels
import TensorMath
import Testing

/// One level's kernels; a level above `kernelLevelSupported()` must not be called.
struct KernelTable {
    let level: Int

    func rmsNorm(
        _ x: GuardedFloats, gain: GuardedFloats?, offset: Float, epsilon: Float,
        into out: GuardedFloats
    ) {
        let call = unsafe [
            kernels_rms_norm_portable, kernels_rms_norm_avx2, kernels_rms_norm_avx512,
        ]
        unsafe call[level](x.pointer, gain?.pointer, offset, epsilon, x.count, out.pointer)
    }

    func siluMultiply(_ gate: GuardedFloats, _ up: GuardedFloats, into out: GuardedFloats) {
        let call = unsafe [
            kernels_silu_multiply_portable, kernels_silu_multiply_avx2,
            kernels_silu_multiply_avx512,
        ]
        unsafe call[level](gate.pointer, up.pointer, gate.count, out.pointer)
    }

    func geluMultiply(_ gate: GuardedFloats, _ up: GuardedFloats, into out: GuardedFloats) {
        let call = unsafe [
            kernels_gelu_multiply_portable, kernels_gelu_multiply_avx2,
            kernels_gelu_multiply_avx512,
        ]
        unsafe call[level](gate.pointer, up.pointer, gate.count, out.pointer)
    }

    func rotate(_ x: GuardedFloats, cosine: GuardedFloats, sine: GuardedFloats) {
        let call = unsafe [kernels_rotate_portable, kernels_rotate_avx2, kernels_rotate_avx512]
        unsafe call[level](x.pointer, cosine.pointer, sine.pointer, cosine.count)
    }

    func softmax(_ x: GuardedFloats, sink: Float? = nil) {
        let call = unsafe [kernels_softmax_portable, kernels_softmax_avx2, kernels_softmax_avx512]
        let sinks = sink.map { GuardedFloats([$0]) }
        unsafe call[level](x.pointer, x.count, sinks?.pointer)
    }

    func layerNorm(
        _ x: GuardedFloats, gain: GuardedFloats, bias: GuardedFloats?, epsilon: Float,
        into out: GuardedFloats
    ) {
        let call = unsafe [
            kernels_layer_norm_portable, kernels_layer_norm_avx2, kernels_layer_norm_avx512,
        ]
        unsafe call[level](x.pointer, gain.pointer, bias?.pointer, epsilon, x.count, out.pointer)
    }

    func activate(_ x: GuardedFloats, _ curve: Curve) {
        let call = unsafe [
            kernels_activate_portable, kernels_activate_avx2, kernels_activate_avx512,
        ]
        unsafe call[level](x.pointer, x.count, curve.rawValue)
    }

    func clampedSwish(_ gate: GuardedFloats, _ up: GuardedFloats, into out: GuardedFloats) {
        let call = unsafe [
            kernels_clamped_swish_portable, kernels_clamped_swish_avx2,
            kernels_clamped_swish_avx512,
        ]
        unsafe call[level](gate.pointer, up.pointer, gate.count, out.pointer)
    }

    func rotatePairs(_ x: GuardedFloats, cosine: GuardedFloats, sine: GuardedFloats) {
        let call = unsafe [
            kernels_rotate_pairs_portable, kernels_rotate_pairs_avx2, kernels_rotate_pairs_avx512,
        ]
        unsafe call[level](x.pointer, cosine.pointer, sine.pointer, cosine.count)
    }

    func softCap(_ x: GuardedFloats, cap: Float) {
        let call = unsafe [
            kernels_soft_cap_portable, kernels_soft_cap_avx2, kernels_soft_cap_avx512,
        ]
        unsafe call[level](x.pointer, x.count, cap)
    }

    func add(_ x: GuardedFloats, _ y: GuardedFloats) {
        let call = unsafe [kernels_add_portable, kernels_add_avx2, kernels_add_avx512]
        unsafe call[level](x.pointer, y.pointer, x.count)
    }

    func logSumExp(_ x: GuardedFloats) -> Double {
        let call = unsafe [
            kernels_log_sum_exp_portable, kernels_log_sum_exp_avx2, kernels_log_sum_exp_avx512,
        ]
        return unsafe call[level](x.pointer, x.count)
    }

    /// One channel whose rows lie `stride` floats apart; B and C rows are `states` long.
    func selectiveScan(_ channel: ScanChannel, signal: GuardedFloats, stride: Int) {
        let call = unsafe [
            kernels_selective_scan_portable, kernels_selective_scan_avx2,
            kernels_selective_scan_avx512,
        ]
        let delta = GuardedFloats(channel.delta)
        let gate = GuardedFloats(channel.gate)
        let inputs = GuardedFloats(channel.inputs)
        let outputs = GuardedFloats(channel.outputs)
        let decay = GuardedFloats(channel.decayLog)
        unsafe call[level](
            signal.pointer, stride, delta.pointer, 1, gate.pointer, 1, inputs.pointer,
            channel.states, outputs.pointer, channel.states, decay.pointer, channel.skip,
            channel.states, channel.tokens, nil)
    }
}
