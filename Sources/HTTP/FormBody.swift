// A form's fields, as browsers send them: application/x-www-form-urlencoded (WHATWG URL, 5.1).

/// The fields of a form in their order.
package struct FormBody: Sendable, Equatable {
    private var fields: [(name: String, value: String)] = []

    package static func == (left: FormBody, right: FormBody) -> Bool {
        left.fields.elementsEqual(right.fields) { $0 == $1 }
    }

    /// - Throws: `HTTPRefusal` for bytes that are no form: a broken escape, or no UTF-8.
    package init(_ bytes: [UInt8]) throws(HTTPRefusal) {
        for item in bytes.split(separator: UInt8(ascii: "&")) {
            let sides = item.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decoded(sides[0])
            fields.append((name, try Self.decoded(sides.dropFirst().last ?? [])))
        }
    }

    /// The first value of a field.
    package func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// All values of a field, in their order.
    package func values(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    private static func decoded(_ text: ArraySlice<UInt8>) throws(HTTPRefusal) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit),
                    let low = rest.popFirst().flatMap(digit)
                else { throw .malformed("a `%` in the form is not followed by two digits") }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .malformed("the form is no UTF-8")
        }
        return text
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
