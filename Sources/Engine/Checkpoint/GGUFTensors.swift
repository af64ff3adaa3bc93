// The tensors of a GGUF file under the names of a checkpoint.

extension Presentation {
    /// - Parameters:
    ///   - heads: of queries.
    ///   - keyHeads: of keys.
    init(
        _ file: GGUFFile, _ family: GGUFFamily, heads: Int, keyHeads: Int
    ) throws(GGUFFault) {
        self.init()
        var shown = 0
        for tensor in file.tensors {
            switch family.meaning(of: tensor.name) {
            // Refused with the model's other tensors that nothing reads.
            case nil: show(tensor.name, tensor.shape, GGUFRows(tensor))
            case .rotation: break
            case .tensor(let name):
                let heads =
                    name.contains(".self_attn.q_proj.")
                    ? heads : name.contains(".self_attn.k_proj.") ? keyHeads : nil
                var pairs: Int?
                if family.pairsRows, let heads { pairs = try tensor.headWidth(heads) }
                show(
                    name, tensor.shape,
                    GGUFRows(
                        tensor, headWidth: pairs,
                        offset: family.isNorm(name) ? family.normOffset : 0))
            case .experts(let prefix, let name):
                guard tensor.shape.count == 3 else {
                    throw .key(
                        tensor.name, expected: "experts, rows and columns",
                        found: "\(tensor.shape)")
                }
                let (count, rows) = (tensor.shape[0], tensor.shape[1])
                guard count <= GGUFReader.Limit.experts else {
                    throw .key(
                        tensor.name, expected: "at most \(GGUFReader.Limit.experts) experts",
                        found: "\(count)")
                }
                shown += count
                guard shown <= GGUFReader.Limit.tensors else {
                    throw .tooMany(
                        what: "tensors of experts", count: UInt64(shown),
                        limit: GGUFReader.Limit.tensors)
                }
                for expert in 0..<count {
                    show(
                        prefix + name.replacing("#", with: "\(expert)"),
                        Array(tensor.shape[1...]),
                        GGUFRows(tensor, rows: expert * rows..<(expert + 1) * rows))
                }
            }
        }
    }

    /// Where they lie as they are shown, straight from the file.
    private mutating func show(_ name: String, _ shape: [Int], _ rows: GGUFRows) {
        let dtype = rows.tensor.type.shown
        guard rows.isPlain else { return add(name, dtype, shape, rows) }
        let bytes = rows.parts[0]
        add(
            StoredTensor(
                entry: TensorEntry(
                    name: name, dtype: dtype, shape: shape, byteRange: bytes.range),
                file: bytes.file))
    }
}

extension GGUFTensor {
    /// Rows of a head, of which there are so many.
    fileprivate func headWidth(_ heads: Int) throws(GGUFFault) -> Int {
        let rows = shape[0]
        guard heads > 0, rows % (2 * heads) == 0, shape.count > 1 || type.blockLength == 1 else {
            throw .key(name, expected: "rows in \(heads) heads of pairs", found: "\(shape)")
        }
        return rows / heads
    }

    /// As it lies in the file.
    var stored: StoredTensor {
        StoredTensor(name: name, type.shown, shape, GGUFRows(self))
    }
}
