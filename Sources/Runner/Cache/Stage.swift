// What a stage of a job is: the inputs and parameters that name its result, how that is computed
// where the store has none, and what it means.

package import Model
package import Store

/// The objects that a stage reads, by role.
package typealias StageInputs = [(role: String, digest: Digest)]

/// One cacheable step. A stage is a value: everything that its result depends on is in its inputs
/// and parameters, and nothing else is.
package protocol Stage {
    /// What the stage gives those behind it.
    associatedtype Output

    /// In keys and reports.
    var name: String { get }
    /// Raised whenever the same inputs and parameters give other bytes than before.
    var version: Int { get }
    var inputs: StageInputs { get }
    /// The parameters that the result depends on, defaults filled in; a JSON object.
    var params: KeyJSON { get }
    /// False where the key cannot vouch for the inputs: then nothing is looked up or recorded.
    var isCacheable: Bool { get }
    /// In a few words, for people; not part of the key.
    var detail: String { get }
    /// Bytes that computing holds at its peak, beside what the process holds already; nil where it
    /// is not worth a plan.
    var plannedPeak: Int? { get }
    /// Bytes of files that are there while it computes, and gone then.
    var scratchBytes: Int { get }
    /// Whose speed is learnt together: the stage's name, and what it works by where that decides.
    var kind: String { get }
    /// What computing has to do, so that its time can be told.
    var work: Work { get }
    /// Whether what `assumed` gives is what computing would give, once the inputs are known: it
    /// costs next to nothing, or its key is all that counts.
    var isForeseen: Bool { get }

    /// Computes what the store does not have.
    ///
    /// - Parameter cache: for the stage's parts, and whom to tell of progress.
    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws

    /// What the stored objects mean.
    /// - Throws: `StageInputLost` where they are damaged or gone.
    func decode(_ stored: StageResult) throws -> Output

    /// Stands for the output while a job is only planned and the store does not have it: of the
    /// same shape, with figures made up.
    ///
    /// - Parameter unknown: holds no objects; its key stands for digests that nobody knows yet.
    func assumed(_ unknown: StageResult) throws -> Output
}

extension Stage {
    package var version: Int { 1 }
    package var isCacheable: Bool { true }
    package var plannedPeak: Int? { nil }
    package var scratchBytes: Int { 0 }
    package var kind: String { name }
    package var isForeseen: Bool { false }

    package var key: ActionKey {
        StageCache.key(name, version: version, inputs: inputs, params: params)
    }
}

/// Takes the objects of a running stage.
package struct StageOutputs: ~Copyable {
    private let store: ContentStore
    private(set) var list: [ActionOutput] = []

    init(store: ContentStore) { self.store = store }

    /// Stores an object; durable when this returns.
    ///
    /// - Parameter elementBytes: of the number array in it; 1 for anything else.
    @discardableResult
    package mutating func put(
        _ role: String, _ bytes: [UInt8], elementBytes: Int = 1
    ) throws -> Digest {
        let output = ActionOutput(role: role, try store.put(bytes, elementBytes: elementBytes))
        list.append(output)
        return output.digest
    }

    mutating func put(_ role: String, json value: some Encodable) throws {
        try put(role, try SortedJSON.bytes(value))
    }
}
