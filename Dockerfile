# docker build --tag hypergan .
# docker run --rm --volume "$PWD/html:/hypergan/book/_build/html" hypergan    the book, into html/
# docker run --rm hypergan make test                                         every check
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/*

# PyTorch for the processor alone is a tenth of the size.
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu PIP_NO_CACHE_DIR=1

WORKDIR /hypergan
COPY . .
RUN make install

CMD ["make", "book"]
