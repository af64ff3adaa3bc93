// A value that is found when it is first asked for: stages are values, and some counts take long.

final class Once<Value> {
    private var value: Value?

    func callAsFunction(_ find: () -> Value) -> Value {
        if let value { return value }
        let found = find()
        value = found
        return found
    }
}
