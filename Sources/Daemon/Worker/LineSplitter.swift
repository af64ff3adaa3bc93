// Bytes of a pipe to lines, with a limit: a line that is too long is dropped up to its end.

package struct LineSplitter: Sendable {
    private let bytesMax: Int
    private var line: [UInt8] = []
    private var isSkipping = false

    package init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// The lines that end within `bytes`, without their newlines; empty ones are left out.
    package mutating func append(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if !isSkipping, !line.isEmpty { lines.append(line) }
                line = []
                isSkipping = false
            } else if line.count < bytesMax {
                line.append(byte)
            } else {
                isSkipping = true
            }
        }
        return lines
    }
}
