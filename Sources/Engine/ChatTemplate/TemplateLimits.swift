// Bounds on templates: they come from outside, and one may loop for ever.

/// What a template may take. Known templates stay below a hundredth of each.
enum TemplateLimits {
    static let sourceBytesMax = 256 << 10
    /// Blocks and brackets within one another.
    static let nestingMax = 60
    /// Operations on top of one another in an expression; `a + b + c` are two.
    static let expressionDepthMax = 200
    /// Evaluations within one another, macros that call themselves included: it bounds the stack.
    static let runDepthMax = 600
    /// Operations of one rendering; what is long counts by its length.
    static let stepsMax = 4_000_000
    /// Of the output, and of every string on the way to it.
    static let textBytesMax = 8 << 20
    /// Lists and dicts within one another.
    static let valueDepthMax = 100
    /// Numbers that a range may have, as in Jinja's sandbox.
    static let rangeMax = 100_000
}
