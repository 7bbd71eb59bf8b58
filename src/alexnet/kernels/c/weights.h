/* The weights of a scaling along one axis, as Pillow has them: a filter that is widened when
 * shrinking, its weights in whole numbers of 2^-22. To be compiled with -ffp-contract=off: a fused
 * multiply-add rounds otherwise than Pillow does. */

enum { BITS = 22, HALF = 1 << (BITS - 1) }; /* of the fraction; what rounds it */
enum { SPARE = 8 };                         /* places behind the last, for loops in groups */

typedef struct {
    int64_t size, pixels;            /* places in the result; pixels of a line that is scaled */
    int64_t most, fours;             /* room for weights of a place; fours of them in use */
    int32_t *first, *count, *values; /* of each place: its first pixel, how many, their weights */
    int32_t *tables;                 /* the same as a processor wants it; null: it does not */
} Weights;

static inline int64_t end_of(const Weights *w, int64_t place) {
    return w->first[place] + w->count[place];
}

static double bicubic(double x) { /* Keys's with a = -0.5 */
    x = x < 0 ? -x : x;
    if (x < 1) return ((-0.5 + 2.0) * x - (-0.5 + 3.0)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

static double bilinear(double x) {
    x = x < 0 ? -x : x;
    return x < 1 ? 1 - x : 0;
}

/* Weights of the pixels around ``centre``; none for what lies beside the picture. */
static void weigh(Weights *w, int64_t place, double centre, double widened, int is_bicubic,
                  double *room) {
    const double support = (is_bicubic ? 2 : 1) * widened, narrow = 1 / widened;
    int64_t first = (int64_t)(centre - support + 0.5), end = (int64_t)(centre + support + 0.5);
    first = first < 0 ? 0 : first;
    end = end > w->pixels ? w->pixels : end;
    double sum = 0;
    for (int64_t i = 0; i < end - first; i++) {
        const double x = ((double)(i + first) - centre + 0.5) * narrow;
        sum += room[i] = is_bicubic ? bicubic(x) : bilinear(x);
    }
    w->first[place] = (int32_t)first, w->count[place] = (int32_t)(end - first);
    w->fours = w->fours * 4 < end - first ? (end - first + 3) / 4 : w->fours;
    for (int64_t i = 0; i < end - first; i++) {
        const double share = (sum != 0 ? room[i] / sum : room[i]) * (1 << BITS);
        w->values[place * w->most + i] = (int32_t)(share + (share < 0 ? -0.5 : 0.5));
    }
}

/* For the pixels from ``begin`` to ``end`` of a line, scaled to ``size``; 0 without memory. */
static int take_weights(Weights *w, int64_t size, int64_t pixels, float begin, float end,
                        int is_bicubic) {
    const double scale = (double)(end - begin) / (double)size, widened = scale < 1 ? 1 : scale;
    const int64_t places = size + SPARE;
    const int64_t most = ((int64_t)ceil((is_bicubic ? 2 : 1) * widened) * 2 + 1 + 3) / 4 * 4;
    int32_t *block = calloc((size_t)(places * (2 + most)), sizeof(int32_t));
    double *room = malloc((size_t)most * sizeof(double));
    *w = (Weights){size, pixels, most, 0, block, block + places, block + 2 * places, NULL};
    if (block && room) {
        for (int64_t i = 0; i < size; i++)
            weigh(w, i, begin + ((double)i + 0.5) * scale, widened, is_bicubic, room);
        for (int64_t i = size; i < places; i++) w->first[i] = w->first[size - 1];
    }
    free(room);
    return block && room;
}

static void free_weights(Weights *w) {
    free(w->first);
    free(w->tables);
}
