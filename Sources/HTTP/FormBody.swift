// What a form of a page sends: application/x-www-form-urlencoded, read within limits. Pure.

/// The fields of a form, in their order.
package struct FormBody: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    /// Names and values beyond these are nobody's form.
    package static let fieldsMax = 1_000
    package static let nameBytesMax = 256

    package let fields: [Field]

    /// - Parameter bytes: the body of a request, whose size its server has limited.
    /// - Throws: `HTTPRefusal`: what is no form, with what is wrong.
    package init(_ bytes: [UInt8]) throws(HTTPRefusal) {
        var fields: [Field] = []
        for item in bytes.split(separator: UInt8(ascii: "&")) {
            guard fields.count < Self.fieldsMax else {
                throw .malformed("a form has at most \(Self.fieldsMax) fields")
            }
            let sides = item.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.text(sides[0])
            guard name.utf8.count <= Self.nameBytesMax else {
                throw .malformed(
                    "a form's field has a name of more than \(Self.nameBytesMax) bytes")
            }
            fields.append(Field(name: name, value: try Self.text(sides.dropFirst().last ?? [])))
        }
        self.fields = fields
    }

    /// The first value of this name.
    package func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// All values of this name, as of a list or of boxes.
    package func values(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    /// `+` is a space, %XX a byte.
    private static func text(_ bytes: ArraySlice<UInt8>) throws(HTTPRefusal) -> String {
        let spaced = bytes.lazy.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        guard let plain = PercentCode.decoded(spaced) else {
            throw .malformed("a `%` in the form is not followed by two digits")
        }
        guard let text = String(validating: plain, as: UTF8.self), !plain.contains(0) else {
            throw .malformed("a field of the form is no text")
        }
        return text
    }
}
