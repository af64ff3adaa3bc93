enum Conversion {
    static func toFloats(_ source: UnsafeRawPointer, type: WeightType, count: Int, into target: UnsafeMutablePointer<Float>) {
        for i in 0..<count {
            switch type {
            case .float32: unsafe target[i] = source.loadUnaligned(fromByteOffset: i * 4, as: Float.self)
            case .bfloat16: unsafe target[i] = Float(bitPattern: UInt32(source.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self)) << 16)
            case .float16: unsafe target[i] = Float(source.loadUnaligned(fromByteOffset: i * 2, as: Float16.self))
            }
        }
    }
    static func toBFloat16(_ source: UnsafeMutablePointer<Float>, count: Int, into target: UnsafeMutablePointer<UInt16>) {
        for i in 0..<count {
            let b = unsafe source[i].bitPattern
            unsafe target[i] = UInt16(truncatingIfNeeded: (b &+ 0x7fff &+ ((b >> 16) & 1)) >> 16)
        }
    }
}
