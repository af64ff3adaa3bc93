// A single float rounded to a stored format.

extension Conversion {
    /// `value` as it reads back after being stored in `format`.
    package static func rounded(_ value: Float, to format: FloatFormat) -> Float {
        switch format {
        case .f32: value
        case .f16, .bf16: roundedThroughBytes(value, format)
        }
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
