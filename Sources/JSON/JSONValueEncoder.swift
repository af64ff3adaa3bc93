// Codable values to JSONValue. Foundation's encoder sorts keys or leaves them in any order; this
// one keeps the order of the declaration, writes nil as null (every field is always there), and
// writes numbers that JSON lacks (NaN, infinities) as null.

/// Encodes any `Encodable` as a tree of JSON values.
package enum JSONValueEncoder {
    package static func value<T: Encodable>(of value: T) throws -> JSONValue {
        try node(of: value, path: []).value
    }

    fileprivate static func node<T: Encodable>(
        of value: T, path: [any CodingKey]
    ) throws -> Node {
        switch value {
        case let value as JSONValue: return Node(value)
        case let value as Double: return Node(.real(value))
        case let value as any FixedWidthInteger: return Node(.number(JSONNumber(value)))
        case let value as String: return Node(.string(value))
        case let value as Bool: return Node(.bool(value))
        default:
            let target = Target(node: Node(.null), codingPath: path)
            try value.encode(to: target)
            return target.node
        }
    }
}

/// A value under construction: containers hold on to it while they fill it.
private final class Node {
    private enum Content {
        case plain(JSONValue)
        case list([Node])
        case members([(key: String, node: Node)])
    }

    private var content: Content

    init(_ value: JSONValue) {
        content = .plain(value)
    }

    var value: JSONValue {
        switch content {
        case .plain(let value): value
        case .list(let nodes): .array(nodes.map(\.value))
        case .members(let members):
            .object(JSONObject(members.lazy.map { ($0.key, $0.node.value) }))
        }
    }

    var count: Int {
        if case .list(let nodes) = content { nodes.count } else { 0 }
    }

    func becomeObject() {
        if case .members = content { return }
        content = .members([])
    }

    func becomeList() {
        if case .list = content { return }
        content = .list([])
    }

    func replace(by node: Node) {
        content = node.content
    }

    func append(_ node: Node) {
        guard case .list(var nodes) = content else { return }
        content = .plain(.null)
        nodes.append(node)
        content = .list(nodes)
    }

    func append(_ key: String, _ node: Node) {
        guard case .members(var members) = content else { return }
        content = .plain(.null)
        members.append((key, node))
        content = .members(members)
    }
}

/// The place of one value.
private struct Target: Encoder {
    let node: Node
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.becomeObject()
        return KeyedEncodingContainer(ObjectTarget<Key>(node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.becomeList()
        return ListTarget(node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        PlainTarget(node: node, codingPath: codingPath)
    }
}

// In each container one generic method stands for the protocol's method per number type.

private struct PlainTarget: SingleValueEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]

    func encodeNil() { node.replace(by: Node(.null)) }

    func encode<T: Encodable>(_ value: T) throws {
        node.replace(by: try JSONValueEncoder.node(of: value, path: codingPath))
    }
}

private struct ListTarget: UnkeyedEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]
    var count: Int { node.count }

    private func next() -> Target {
        let child = Node(.null)
        let path = codingPath + [JSONKey(count)]
        node.append(child)
        return Target(node: child, codingPath: path)
    }

    func encodeNil() { node.append(Node(.null)) }

    func encode<T: Encodable>(_ value: T) throws {
        node.append(try JSONValueEncoder.node(of: value, path: codingPath + [JSONKey(count)]))
    }

    func nestedContainer<Key: CodingKey>(
        keyedBy type: Key.Type
    ) -> KeyedEncodingContainer<Key> { next().container(keyedBy: type) }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { next().unkeyedContainer() }

    func superEncoder() -> any Encoder { next() }
}

private struct ObjectTarget<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: Node
    let codingPath: [any CodingKey]

    private func target(_ key: any CodingKey) -> Target {
        let child = Node(.null)
        node.append(key.stringValue, child)
        return Target(node: child, codingPath: codingPath + [key])
    }

    func encodeNil(forKey key: Key) { node.append(key.stringValue, Node(.null)) }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        node.append(
            key.stringValue, try JSONValueEncoder.node(of: value, path: codingPath + [key]))
    }

    // The protocol has a default for each plain type, which leaves nil out: a generic method
    // alone would not be asked for these.
    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try encodeAny(value, key) }
    func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try encodeAny(value, key) }
    func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try encodeAny(value, key) }
    func encodeIfPresent(_ value: String?, forKey key: Key) throws { try encodeAny(value, key) }
    func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
        try encodeAny(value, key)
    }

    private func encodeAny<T: Encodable>(_ value: T?, _ key: Key) throws {
        if let value { try encode(value, forKey: key) } else { encodeNil(forKey: key) }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { target(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        target(key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { target(JSONKey("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { target(key) }
}
