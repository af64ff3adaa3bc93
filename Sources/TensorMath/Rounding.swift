// Floats rounded to a stored format.

extension Conversion {
    /// `value` as it reads back after being stored in `format`.
    package static func rounded(_ value: Float, to format: FloatFormat) -> Float {
        switch format {
        case .f32: value
        case .f16, .bf16: roundedThroughBytes(value, format)
        }
    }

    /// All values as they read back after being stored in `format`.
    package static func round(_ values: inout MutableSpan<Float>, to format: FloatFormat) {
        guard format != .f32 else { return }
        var stored = [UInt8](repeating: 0, count: values.count * format.byteWidth)
        var span = stored.mutableSpan
        var bytes = unsafe span.mutableBytes
        narrow(values.span, to: format, into: &bytes)
        widen(bytes.bytes, from: format, into: &values)
    }

    private static func roundedThroughBytes(_ value: Float, _ format: FloatFormat) -> Float {
        var value = value
        var stored: UInt16 = 0
        unsafe withUnsafeBytes(of: &value) { source in
            unsafe withUnsafeMutableBytes(of: &stored) { target in
                unsafe narrow(source.bindMemory(to: Float.self), to: format, into: target)
            }
        }
        unsafe withUnsafeBytes(of: &stored) { source in
            unsafe withUnsafeMutableBytes(of: &value) { target in
                unsafe widen(source, from: format, into: target.bindMemory(to: Float.self))
            }
        }
        return value
    }
}
