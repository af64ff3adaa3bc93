// Projections y = x W^T on weights as the checkpoint stores them, by oneDNN.

import COneDNN
package import Failures

/// How products are computed; a part of every cache key.
package enum ComputeMode: String, Sendable, CaseIterable {
    /// f32 inputs, f32 accumulation; 16-bit weights are widened block by block (exact).
    case float32 = "f32"
    /// Inputs rounded to bf16, f32 accumulation; needs AVX512_BF16 or AMX to be fast, and is
    /// computed in f32 where a processor has no AVX-512.
    case bfloat16 = "bf16"
}

package enum MatrixProductError: ClassifiedFailure, CustomStringConvertible {
    case library(call: String, status: Int)

    package var failureClass: FailureClass {
        switch self {
        case .library(_, let status):
            status == Int(dnnl_out_of_memory.rawValue) ? .resource : .user
        }
    }

    package var description: String {
        switch self {
        case .library(let call, let status):
            "oneDNN: \(call) failed with status \(status); the library and this processor do not "
                + "agree: try `compute: f32`"
        }
    }
}

/// The products of one thread of control: an engine, its primitives by shape, and scratch for
/// weights that need widening. Not Sendable: each forward pass owns one.
@safe
package final class MatrixProduct {
    package let mode: ComputeMode
    private let engine: dnnl_engine_t
    private let stream: dnnl_stream_t
    private var primitives: [Shape: Primitive] = [:]
    /// Decoding meets a new number of tokens in almost every step; each costs some 100 KiB of code.
    private static let primitivesMax = 128
    private var widened: FloatBuffer?
    private var narrowed: HalfBuffer?
    /// Of factors that were rounded.
    var halves = BufferPool<HalfBuffer>(count: \.count) { HalfBuffer(count: $0) }

    /// Rows of a 16-bit weight are widened in blocks of about this many bytes, so that the block
    /// is still in the last-level cache when the product reads it.
    private static let blockBytes = 8 << 20

    /// Of output [rows, columns] (+)= left [rows, inner] right [inner, columns]: strides of the two
    /// are distances in memory from one row to the next and from one column to the next.
    struct Shape: Hashable {
        var rows: Int
        var inner: Int
        var columns: Int
        var leftStrides: Strides
        var rightStrides: Strides
        var outputStride: Int
        var half: Bool
        var accumulate: Bool
    }

    struct Strides: Hashable {
        var row: Int
        var column: Int
    }

    @safe private struct Primitive {
        let primitive: dnnl_primitive_t
        let input: dnnl_memory_t
        let weight: dnnl_memory_t
        let output: dnnl_memory_t
    }

    /// The mode that suits this processor: bf16 where the CPU multiplies it natively.
    package static var automaticMode: ComputeMode {
        hasNativeHalf ? .bfloat16 : .float32
    }

    /// Whether the CPU has bf16 products (AVX512_BF16 or AMX).
    package static var hasNativeHalf: Bool {
        dnnl_get_effective_cpu_isa().rawValue & dnnl_cpu_isa_avx512_core_bf16.rawValue
            == dnnl_cpu_isa_avx512_core_bf16.rawValue
    }

    package init(mode: ComputeMode) throws {
        self.mode = mode
        var engine: dnnl_engine_t?
        try unsafe Self.check(dnnl_engine_create(&engine, dnnl_cpu, 0), "dnnl_engine_create")
        var stream: dnnl_stream_t?
        try unsafe Self.check(
            dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue)),
            "dnnl_stream_create")
        guard let engine = unsafe engine, let stream = unsafe stream else {
            throw MatrixProductError.library(call: "dnnl_engine_create", status: -1)
        }
        unsafe self.engine = engine
        unsafe self.stream = stream
    }

    private func destroyPrimitives() {
        for primitive in primitives.values {
            unsafe dnnl_primitive_destroy(primitive.primitive)
            unsafe dnnl_memory_destroy(primitive.input)
            unsafe dnnl_memory_destroy(primitive.weight)
            unsafe dnnl_memory_destroy(primitive.output)
        }
        primitives = [:]
    }

    deinit {
        destroyPrimitives()
        unsafe dnnl_stream_destroy(stream)
        unsafe dnnl_engine_destroy(engine)
    }

    /// output (+)= input weight^T.
    ///
    /// - Parameters:
    ///   - input: [tokens, in], f32.
    ///   - weight: [out, in], any format, as stored.
    ///   - output: [tokens, out], f32; does not overlap `input`.
    ///   - accumulate: adds to `output` instead of replacing it.
    ///   - exactly: in f32 whatever the mode, for factors that are rounded by rules of their own.
    package func multiply(
        _ input: MatrixView, _ weight: WeightMatrix, into output: MatrixView,
        accumulate: Bool = false, exactly: Bool = false
    ) throws {
        precondition(input.columns == weight.columns, "inputs do not match the weight")
        precondition(output.columns == weight.rows, "outputs do not match the weight")
        precondition(input.rows == output.rows, "token counts differ")
        guard input.rows > 0, weight.rows > 0 else { return }
        if mode == .bfloat16, !exactly {
            try multiplyHalf(input, weight, into: output, accumulate: accumulate)
        } else {
            try multiplyFloat(input, weight, into: output, accumulate: accumulate)
        }
    }

    private func multiplyFloat(
        _ input: MatrixView, _ weight: WeightMatrix, into output: MatrixView, accumulate: Bool
    ) throws {
        if weight.format == .f32, unsafe Int(bitPattern: weight.base) % 4 == 0 {
            try unsafe execute(
                shape(input, weight.rows, output, half: false, accumulate: accumulate),
                UnsafeRawPointer(input.pointer(row: 0)), weight.base, output.pointer(row: 0))
            return
        }
        let block = max(1, min(weight.rows, Self.blockBytes / (4 * weight.columns)))
        let scratch = widenedScratch(block * weight.columns)
        var start = 0
        while start < weight.rows {
            let range = start..<min(weight.rows, start + block)
            let rows = MatrixView(
                storage: scratch, offset: 0, rows: range.count, columns: weight.columns,
                stride: weight.columns)
            weight.convert(rows: range, to: rows)
            let target = output.columns(range)
            try unsafe execute(
                shape(input, range.count, target, half: false, accumulate: accumulate),
                UnsafeRawPointer(input.pointer(row: 0)), UnsafeRawPointer(rows.pointer(row: 0)),
                target.pointer(row: 0))
            start = range.upperBound
        }
    }

    private func multiplyHalf(
        _ input: MatrixView, _ weight: WeightMatrix, into output: MatrixView, accumulate: Bool
    ) throws {
        let half = narrowedScratch(input.rows * input.columns)
        half.assign(input)
        var shape = shape(input, weight.rows, output, half: true, accumulate: accumulate)
        // The rounded copy has no gaps, whatever the stride of the input.
        shape.leftStrides.row = input.columns
        let source = unsafe UnsafeRawPointer(half.pointer(at: 0))
        if weight.format == .bf16 {
            try unsafe execute(shape, source, weight.base, output.pointer(row: 0))
        } else {
            let rounded = HalfBuffer(count: weight.rows * weight.columns)
            rounded.assign(weight.floats())
            try unsafe execute(
                shape, source, UnsafeRawPointer(rounded.pointer(at: 0)), output.pointer(row: 0))
        }
    }

    private func shape(
        _ input: MatrixView, _ outputs: Int, _ output: MatrixView, half: Bool, accumulate: Bool
    ) -> Shape {
        Shape(
            rows: input.rows, inner: input.columns, columns: outputs,
            leftStrides: Strides(row: input.stride, column: 1),
            // [in, out], read from its stored [out, in].
            rightStrides: Strides(row: 1, column: input.columns),
            outputStride: output.stride, half: half, accumulate: accumulate)
    }

    private func widenedScratch(_ count: Int) -> FloatBuffer {
        if let widened, widened.count >= count { return widened }
        let buffer = FloatBuffer(count: count)
        widened = buffer
        return buffer
    }

    private func narrowedScratch(_ count: Int) -> HalfBuffer {
        if let narrowed, narrowed.count >= count { return narrowed }
        let buffer = HalfBuffer(count: count)
        narrowed = buffer
        return buffer
    }

    func execute(
        _ shape: Shape, _ input: UnsafeRawPointer, _ weight: UnsafeRawPointer,
        _ output: UnsafeMutablePointer<Float>
    ) throws {
        if shape.half, !Self.multipliesHalf {
            return try unsafe executeWidened(shape, input, weight, output)
        }
        let primitive = try primitive(for: shape)
        try unsafe Self.check(
            dnnl_memory_set_data_handle(
                primitive.input, UnsafeMutableRawPointer(mutating: input)), "set input")
        try unsafe Self.check(
            dnnl_memory_set_data_handle(
                primitive.weight, UnsafeMutableRawPointer(mutating: weight)), "set weight")
        try unsafe Self.check(
            dnnl_memory_set_data_handle(primitive.output, output), "set output")
        let arguments = unsafe [
            dnnl_exec_arg_t(arg: DNNL_ARG_SRC, memory: primitive.input),
            dnnl_exec_arg_t(arg: DNNL_ARG_WEIGHTS, memory: primitive.weight),
            dnnl_exec_arg_t(arg: DNNL_ARG_DST, memory: primitive.output),
        ]
        try unsafe Self.check(
            dnnl_primitive_execute(primitive.primitive, stream, 3, arguments),
            "dnnl_primitive_execute")
        try unsafe Self.check(dnnl_stream_wait(stream), "dnnl_stream_wait")
    }

    private func primitive(for shape: Shape) throws -> Primitive {
        if let known = primitives[shape] { return known }
        if primitives.count == Self.primitivesMax { destroyPrimitives() }
        let type = shape.half ? dnnl_bf16 : dnnl_f32
        var input = try Self.description([shape.rows, shape.inner], shape.leftStrides, type)
        var weight = try Self.description([shape.inner, shape.columns], shape.rightStrides, type)
        var output = try Self.description(
            [shape.rows, shape.columns], Strides(row: shape.outputStride, column: 1), dnnl_f32)
        var operation = dnnl_matmul_desc_t()
        try unsafe Self.check(
            dnnl_matmul_desc_init(&operation, &input, &weight, nil, &output),
            "dnnl_matmul_desc_init")
        var attributes: dnnl_primitive_attr_t?
        try unsafe Self.check(dnnl_primitive_attr_create(&attributes), "dnnl_primitive_attr_create")
        defer { unsafe dnnl_primitive_attr_destroy(attributes) }
        if shape.accumulate {
            var operations: dnnl_post_ops_t?
            try unsafe Self.check(dnnl_post_ops_create(&operations), "dnnl_post_ops_create")
            defer { unsafe dnnl_post_ops_destroy(operations) }
            try unsafe Self.check(
                dnnl_post_ops_append_sum(operations, 1), "dnnl_post_ops_append_sum")
            try unsafe Self.check(
                dnnl_primitive_attr_set_post_ops(attributes, operations),
                "dnnl_primitive_attr_set_post_ops")
        }
        var description: dnnl_primitive_desc_t?
        try unsafe Self.check(
            dnnl_primitive_desc_create(&description, &operation, attributes, engine, nil),
            "dnnl_primitive_desc_create")
        defer { unsafe dnnl_primitive_desc_destroy(description) }
        var primitive: dnnl_primitive_t?
        try unsafe Self.check(
            dnnl_primitive_create(&primitive, description), "dnnl_primitive_create")
        guard let primitive = unsafe primitive else {
            throw MatrixProductError.library(call: "dnnl_primitive_create", status: -1)
        }
        let made = try unsafe Primitive(
            primitive: primitive, input: memory(&input), weight: memory(&weight),
            output: memory(&output))
        primitives[shape] = made
        return made
    }

    private func memory(_ description: inout dnnl_memory_desc_t) throws -> dnnl_memory_t {
        var memory: dnnl_memory_t?
        // No data yet: the handle is set before each execution.
        try unsafe Self.check(
            dnnl_memory_create(&memory, &description, engine, nil), "dnnl_memory_create")
        guard let memory = unsafe memory else {
            throw MatrixProductError.library(call: "dnnl_memory_create", status: -1)
        }
        return unsafe memory
    }

    private static func description(
        _ sizes: [Int], _ strides: Strides, _ type: dnnl_data_type_t
    ) throws -> dnnl_memory_desc_t {
        var result = dnnl_memory_desc_t()
        let sizes = sizes.map(Int64.init)
        let strides = [Int64(strides.row), Int64(strides.column)]
        try unsafe check(
            dnnl_memory_desc_init_by_strides(&result, Int32(sizes.count), sizes, type, strides),
            "dnnl_memory_desc_init_by_strides")
        return result
    }

    private static func check(_ status: dnnl_status_t, _ call: String) throws {
        guard status == dnnl_success else {
            throw MatrixProductError.library(call: call, status: Int(status.rawValue))
        }
    }
}
